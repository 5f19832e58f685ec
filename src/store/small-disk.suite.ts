import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs a test on a file system of its own with `size` bytes (`1m`). */
export async function withSmallDisk(size: string, work: (path: string) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "warren-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path], { stdio: "ignore" });
  try {
    await work(path);
  } finally {
    execFileSync("umount", [path]);
    rmSync(path, { recursive: true });
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
