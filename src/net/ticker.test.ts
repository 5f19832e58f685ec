import assert from "node:assert/strict";
import { test } from "node:test";
import { Ticker } from "./ticker.ts";

test("Ticker.tick() gives everything added the time of its clock", () => {
  let now = 5;
  const ticker = new Ticker({ clock: () => now });
  const seen: number[] = [];
  const swept = { sweep: (at: number) => void seen.push(at) };
  ticker.add(swept);
  now = 7;
  ticker.tick();
  ticker.remove(swept);
  ticker.tick();
  assert.deepEqual(seen, [7]);
  assert.equal(ticker.now, 7);
});
