import { errno, type Result } from "../errno.ts";
import { closeFile, openBeneath } from "./calls.ts";
import { open } from "./open-flags.ts";
import { resolveByWalk, type WalkedFiles } from "./resolve-walk.ts";

/** How often a resolution is tried again that a rename somewhere in the system made uncertain. */
const attemptsMax = 16;

/** Whether the kernel has openat2 (Linux 5.6), and no seccomp filter denies it. */
export function kernelResolves(): boolean {
  const AT_FDCWD = -100;
  const fd = openBeneath(AT_FDCWD, ".", open.path | open.directory);
  if (fd >= 0) closeFile(fd);
  return fd !== -errno.NOSYS && fd !== -errno.PERM && fd !== -errno.INVAL;
}

/** Resolution by openat2 with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS. */
export function resolveByKernel(files: WalkedFiles, root: number, path: string): Result {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const fd = openBeneath(root, path, open.path | open.directory);
    // XDEV: the path leads out (openat2(2)). wasmtime says PERM, and the test-suite of WASI expects it.
    if (fd === -errno.XDEV) return -errno.PERM;
    if (fd !== -errno.AGAIN) return fd;
  }
  return resolveByWalk(files, root, path);
}
