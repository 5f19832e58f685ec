import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { SpinRequest, SpinResult } from "./testdata/spin-worker.ts";
import { spins } from "./testdata/spins.ts";
import { wat } from "./testdata/wat.ts";

/** Far more than any of them takes: one that is not interrupted would never end. */
const patience = 20_000;

for (const yields of [false, true]) {
  test(`every guest that spins ${yields ? "yields, then ends" : "ends"} when it is told to`, async (t) => {
    const worker = new Worker(new URL("testdata/spin-worker.ts", import.meta.url));
    let yielded = 0;
    t.after(() => worker.terminate());
    for (const [name, text] of Object.entries(spins)) {
      const request: SpinRequest = { bytes: await wat(text), time: 15, yields };
      worker.postMessage(request);
      const answered = once(worker, "message", { signal: AbortSignal.timeout(patience) });
      const [result] = (await answered.catch(() => assert.fail(`${name} was not interrupted`))) as [SpinResult];
      assert.equal(result.ended, "unreachable", name);
      assert.ok(result.ticks > 0, name);
      yielded += result.yields;
      if (process.env.WARREN_SPIN_TIMES !== undefined) t.diagnostic(`${name}: ${JSON.stringify(result)}`);
    }
    assert.equal(yielded > 0, yields);
  });
}
