import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Runs a test on a file system of its own with `size` bytes (`1m`). */
export async function withSmallDisk(size: string, work: (path: string) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "warren-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path], { stdio: "ignore" });
  try {
    await work(path);
  } finally {
    await unmount(path);
    rmSync(path, { recursive: true });
  }
}

/** What a daemon that was killed had started (a check of a program) ends by itself, a moment later. */
async function unmount(path: string): Promise<void> {
  for (const until = Date.now() + 10_000; ; await pause(50)) {
    try {
      execFileSync("umount", [path], { stdio: "pipe" });
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

/** Why {@link withSmallDisk} cannot be used here; false when it can. */
export async function noSmallDisk(): Promise<string | false> {
  if (process.geteuid?.() !== 0) return "needs root, to mount a small tmpfs";
  try {
    await withSmallDisk("64k", async () => {});
    return false;
  } catch {
    return "may not mount a tmpfs here";
  }
}
