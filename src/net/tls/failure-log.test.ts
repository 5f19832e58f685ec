import assert from "node:assert/strict";
import { test } from "node:test";
import { Ticker } from "../ticker.ts";
import { FailureLog } from "./failure-log.ts";

test("FailureLog says at once what happens first, and then once a minute how often", () => {
  let now = 0;
  const ticker = new Ticker({ clock: () => now });
  const said: string[] = [];
  const log = new FailureLog(ticker, (message) => said.push(message));
  for (let i = 0; i < 1000; i++) log.add(i % 2 === 0 ? "a" : "b");
  now = 60_000;
  ticker.tick();
  log.add("b");
  log.add("b");
  assert.deepEqual(said, ["handshakes failed: 1 × a", "handshakes failed: 501 × b, 499 × a"]);
});
