import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestIds } from "./request-ids.ts";

test("RequestIds gives no id twice", () => {
  const ids = new RequestIds();
  const seen = new Set(Array.from({ length: 10_000 }, () => ids.next()));
  assert.equal(seen.size, 10_000);
  for (const id of seen) assert.match(id, /^[0-9a-f]{32}$/);
});
