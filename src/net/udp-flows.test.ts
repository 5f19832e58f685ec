import assert from "node:assert/strict";
import { test } from "node:test";
import { type FlowLimits, flowLimits, type UdpFlow, UdpFlows } from "./udp-flows.ts";

/** A table of flows named `source/port`, and the names of those that ended. */
function table(limits: Partial<FlowLimits>): {
  flows: UdpFlows<string>;
  ended: string[];
  come: (name: string, now?: number) => UdpFlow<string>;
  answer: (flow: UdpFlow<string>) => void;
} {
  const ended: string[] = [];
  const flows = new UdpFlows<string>((flow) => ended.push(flow.key), { ...flowLimits, ...limits });
  const come = (name: string, now = 0): UdpFlow<string> => flows.received(name, () => name.split("/")[0]!, 100, now);
  const answer = (flow: UdpFlow<string>): void => void flows.spend(flow, 1, 0, true);
  return { flows, ended, come, answer };
}

test("UdpFlows gives one flow for one sender, and forgets it when it is idle", () => {
  const { flows, ended, come } = table({ idleMs: 60_000 });
  const flow = come("a/1");
  assert.equal(come("a/1", 30_000), flow);
  come("b/1", 40_000);
  flows.sweep(89_000);
  assert.deepEqual(ended, []);
  flows.sweep(91_000);
  assert.deepEqual(ended, ["a/1"]);
  assert.equal(flow.state, "ended");
  assert.equal(flows.spend(flow, 1, 91_000, false), false);
  assert.notEqual(come("a/1", 92_000), flow);
});

test("UdpFlows takes the place of a source's flow that was unused longest, once it has its fill", () => {
  const { flows, ended, come } = table({ perSourceMax: 3 });
  for (const name of ["a/1", "a/2", "a/3", "b/1"]) come(name);
  come("a/1", 5000);
  come("a/4", 6000);
  assert.deepEqual(ended, ["a/2"]);
  assert.equal(flows.size, 4);
});

test("UdpFlows keeps those that went both ways when a flood of senders comes", () => {
  const { flows, ended, come, answer } = table({ flowsMax: 100 });
  const real = Array.from({ length: 60 }, (_, i) => come(`real${i}/1`));
  real.forEach(answer);
  for (let i = 0; i < 60; i++) come(`real${i}/1`, 10);
  for (let i = 0; i < 10_000; i++) come(`forged${i}/1`, 20);
  assert.equal(flows.size, 100);
  assert.equal(
    ended.some((name) => name.startsWith("real")),
    false,
  );
});

test("UdpFlows keeps a quarter of the table for new ones", () => {
  const { ended, come, answer } = table({ flowsMax: 100 });
  for (let i = 0; i < 100; i++) answer(come(`old${i}/1`));
  for (let i = 0; i < 100; i++) come(`old${i}/1`, 10);
  for (let i = 0; i < 25; i++) come(`new${i}/1`, 20);
  assert.deepEqual(
    ended,
    Array.from({ length: 25 }, (_, i) => `old${i}/1`),
  );
});

test("UdpFlows counts the replies to all flows of a source together", () => {
  const { flows, come } = table({});
  const [one, two] = [come("a/1"), come("a/2")];
  let sent = 0;
  while (flows.spend(one, 972, 0, true)) sent += 1000;
  while (flows.spend(two, 972, 0, true)) sent += 1000;
  assert.ok(sent <= 2048 + 2 * 3 * 128, `${sent} bytes`);
  assert.ok(flows.spend(two, 60_000, 0, false));
});

test("UdpFlows.clear() ends every flow", () => {
  const { flows, ended, come } = table({});
  for (let i = 0; i < 10; i++) come(`a/${i}`);
  flows.clear();
  assert.equal(flows.size, 0);
  assert.equal(ended.length, 10);
});
