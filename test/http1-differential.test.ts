// What the front accepts is understood the same by two parsers that are not ours: llhttp, within node:http, and Go's net/http.
import assert from "node:assert/strict";
import { after, type TestContext, test } from "node:test";
import { seeded } from "../src/base/testdata/random.ts";
import { accepted, refused, refusedBodies } from "../src/net/http1/request-corpus.ts";
import { smuggling, smugglingBodies, unusual } from "../src/net/http1/smuggling-corpus.ts";
import { requireToolchain } from "./guests/build.ts";
import { connection } from "./http1/generate.ts";
import { refusedThere, takenThere } from "./http1/known-differences.ts";
import { type Seen, seenForwarded, seenHere } from "./http1/seen.ts";
import { GoReader } from "./http1/seen-by-go.ts";
import { seenByNode } from "./http1/seen-by-node.ts";

/** Connections that are made up; 1,000,000 take about a quarter of an hour. */
const rounds = Number(process.env.WARREN_HTTP1_ROUNDS ?? 4000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const wholeMost = 1 << 16;

let go: GoReader | undefined;
after(() => go?.stop());

type Peer = keyof typeof takenThere;

function see(peer: Peer, bytes: Buffer, most: number): Promise<Seen> {
  return peer === "node" ? seenByNode(bytes, most) : go!.see(bytes, most);
}

async function ready(t: TestContext, peer: Peer): Promise<boolean> {
  if (peer === "node") return true;
  if (!(await requireToolchain(t, "go"))) return false;
  go ??= await GoReader.start();
  return true;
}

for (const peer of ["node", "go"] as const) {
  test(`${peer} takes of what is refused here what is known, and nothing else`, async (t) => {
    if (!(await ready(t, peer))) return;
    const taken: string[] = [];
    for (const [name, text] of [...refused, ...smuggling, ...refusedBodies, ...smugglingBodies]) {
      const bytes = Buffer.from(text, "latin1");
      assert.deepEqual(seenHere(bytes).requests, [], name);
      if ((await see(peer, bytes, wholeMost)).requests.length > 0) taken.push(name);
    }
    assert.deepEqual(taken, takenThere[peer]);
  });

  test(`${peer} understands what is accepted here the same, or refuses what is known`, async (t) => {
    if (!(await ready(t, peer))) return;
    const unwilling: string[] = [];
    for (const [name, text] of [...accepted, ...unusual]) {
      const bytes = Buffer.from(text, "latin1");
      const here = seenHere(bytes);
      assert.equal(here.requests.length, 1, name);
      for (const [form, sent, mine] of [
        ["as sent", bytes, here],
        ["as forwarded", here.forwarded, seenForwarded(here.forwarded)],
      ] as const) {
        const there = await see(peer, sent, wholeMost);
        if (there.requests.length === 0 && there.refused) unwilling.push(`${name}, ${form}`);
        else assert.deepEqual(there.requests, mine.requests, `${name}, ${form}`);
      }
    }
    assert.deepEqual(unwilling, refusedThere[peer]);
  });

  test(`${peer} understands ${rounds} connections that are made up as they are understood here (seed ${seed})`, async (t) => {
    if (!(await ready(t, peer))) return;
    const pick = seeded(seed);
    let both = 0;
    for (let round = 0; round < rounds; round++) {
      const bytes = connection(pick);
      const most = 1 + pick(3) * pick(200);
      const here = seenHere(bytes);
      for (const [sent, mine] of [
        [bytes, here],
        [here.forwarded, seenForwarded(here.forwarded)],
      ] as const) {
        const there = await see(peer, sent, most);
        const count = Math.min(there.requests.length, mine.requests.length);
        const text = JSON.stringify(sent.toString("latin1"));
        assert.deepEqual(there.requests.slice(0, count), mine.requests.slice(0, count), text);
        // One may refuse what the other takes; neither may wait for more, or be done, where the other is not.
        if (there.requests.length < mine.requests.length) assert.ok(there.refused, text);
        if (there.requests.length > mine.requests.length) assert.ok(mine.refused, text);
        both += count;
      }
    }
    assert.ok(both > rounds, `only ${both} requests were taken by both`);
  });
}
