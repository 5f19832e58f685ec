import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Watchdog } from "./watchdog.ts";

test("Watchdog ends what this process has started, and what that has started, and names it", async () => {
  const child = spawn("sh", ["-c", "sleep 1234567 & echo; wait"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const closed = once(child, "close");
  await once(child.stdout, "data");
  const running = await new Promise<readonly string[]>((resolve) => new Watchdog(10, resolve));
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  // Its output is open until the grandchild has ended too.
  await closed;
  assert(
    running.some((line) => line.endsWith(" sleep 1234567")),
    running.join("\n"),
  );
});

test("Watchdog is silent once it is stopped", async () => {
  const watchdog = new Watchdog(10, () => assert.fail("it barked"));
  watchdog.stop();
  await new Promise((resolve) => setTimeout(resolve, 30));
});
