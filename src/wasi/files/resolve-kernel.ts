import { errno, type Result } from "../errno.ts";
import { open, openBeneath } from "./calls.ts";
import { resolveByWalk } from "./resolve-walk.ts";

/** How often a resolution is tried again that a rename somewhere in the system made uncertain. */
const attemptsMax = 16;

/** Resolution by openat2 with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS. */
export function resolveByKernel(root: number, path: string): Result {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const fd = openBeneath(root, path, open.path | open.directory);
    // XDEV: the path leads out (openat2(2)). wasmtime says PERM, and the test-suite of WASI expects it.
    if (fd === -errno.XDEV) return -errno.PERM;
    if (fd !== -errno.AGAIN) return fd;
  }
  return resolveByWalk(root, path);
}
