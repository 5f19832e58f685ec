import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

test("flush() waits for a slow reader, so that process.exit() cuts nothing off", async () => {
  const script = `
    import { flush } from ${JSON.stringify(join(import.meta.dirname, "flush.ts"))};
    process.stdout.write("x".repeat(2_000_000));
    await flush(process.stdout);
    process.exit(0);`;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  assert.equal((await child.stdout.toArray()).join("").length, 2_000_000);
});
