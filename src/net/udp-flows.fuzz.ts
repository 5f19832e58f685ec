import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../base/testdata/random.ts";
import { type UdpFlow, UdpFlows } from "./udp-flows.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 50_000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const limits = { flowsMax: 64, perSourceMax: 8, idleMs: 5000 };

test(`UdpFlows keeps its bounds whatever comes (${rounds} rounds, seed ${seed})`, () => {
  const pick = seeded(seed);
  const live = new Map<string, UdpFlow<string>>();
  let ended = 0;
  const lastAt = new Map<string, number>();
  const flows = new UdpFlows<string>((flow) => {
    assert.equal(live.get(flow.key), flow, "each ends once");
    live.delete(flow.key);
    ended++;
  }, limits);
  let now = 0;
  const sent = new Map<string, number>();
  const came = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    now += pick(40);
    const source = `s${pick(pick(2) === 0 ? 4 : 200)}`;
    const event = pick(20);
    if (event === 0) {
      flows.sweep(now);
      // A place is renewed once a second.
      for (const key of live.keys()) assert.ok(now - lastAt.get(key)! < limits.idleMs + 1000, key);
    } else if (event < 8 && live.size > 0) {
      const flow = [...live.values()][pick(live.size)]!;
      const [from] = flow.key.split("/") as [string];
      const bytes = pick(2000);
      if (flows.spend(flow, bytes, now, true)) sent.set(from, (sent.get(from) ?? 0) + bytes + 28);
    } else {
      const key = `${source}/${pick(12)}`;
      const bytes = pick(1000);
      const flow = flows.received(key, () => source, bytes, now);
      assert.ok(live.get(key) === undefined || live.get(key) === flow);
      live.set(key, flow);
      lastAt.set(key, now);
      came.set(source, (came.get(source) ?? 0) + bytes + 28);
    }
    assert.equal(flows.size, live.size);
    assert.ok(live.size <= limits.flowsMax);
  }
  const bySource = Map.groupBy(live.keys(), (key) => key.split("/")[0]!);
  for (const keys of bySource.values()) assert.ok(keys.length <= limits.perSourceMax);
  let [allSent, allCame] = [0, 0];
  for (const bytes of sent.values()) allSent += bytes;
  for (const bytes of came.values()) allCame += bytes;
  // Three times, and what each source has at the beginning of each of its lives, of which each ended with a flow, and gets back in a second.
  const slack = 2048 * (came.size + ended) + 1.024 * now * came.size;
  assert.ok(allSent <= 3 * allCame + slack, `${allSent} of ${allCame}`);
  flows.clear();
  assert.equal(live.size, 0);
});
