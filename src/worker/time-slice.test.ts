import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const [major = 0, minor = 0] = release().split(".").map(Number);
const kernelHasSlices = major > 6 || (major === 6 && minor >= 12);

test("askForShortSlices() holds for threads to come and keeps the niceness", (t) => {
  if (!kernelHasSlices || !existsSync("/proc/self/sched"))
    return t.skip("the kernel has no slices, or does not show them");
  const code = `
    import { readFileSync } from "node:fs";
    import { getPriority, setPriority } from "node:os";
    import { Worker } from "node:worker_threads";
    import { askForShortSlices } from ${JSON.stringify(join(import.meta.dirname, "time-slice.ts"))};
    setPriority(getPriority() + 1);
    const nice = getPriority();
    askForShortSlices();
    const show = "process.getBuiltinModule('node:fs').readFileSync('/proc/thread-self/sched', 'utf8')";
    const thread = new Worker("import('node:worker_threads').then(({ parentPort }) => parentPort.postMessage(" + show + "))", { eval: true });
    thread.on("message", (sched) => {
      const slices = [readFileSync("/proc/self/sched", "utf8"), sched].map((text) => /se\\.slice *: *([0-9]+)/.exec(text)?.[1]);
      console.log(JSON.stringify({ slices, same: getPriority() === nice }));
    });`;
  const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code];
  const told = JSON.parse(execFileSync(process.execPath, flags, { encoding: "utf8" }));
  assert.deepEqual(told, { slices: ["500000", "500000"], same: true });
});
