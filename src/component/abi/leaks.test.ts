import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

/** A million of them take half a minute. */
const calls = Number(process.env.WARREN_FUZZ_RUNS ?? 20_000);

test("calls leave neither handles nor memory behind", async () => {
  const script = join(import.meta.dirname, "testdata/leak-run.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(calls)]);
  const { grown, guestBytes } = JSON.parse(stdout) as { readonly grown: number; readonly guestBytes: number };
  assert.ok(grown < 1_000_000, `${grown} bytes more after ${calls} calls`);
  assert.equal(guestBytes, 65_536);
});
