import { closeSync, ftruncateSync } from "node:fs";
import { WarrenError } from "./errors.ts";
import { bindLibc, lastErrno, memoryAt, pointerTo } from "./libc.ts";

/** Of every page size that Linux uses a part. */
export const sharedPageBytes = 4096;

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW: who maps a page that another truncates would die of it. */
const sizeSeals = 7;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

const libc = bindLibc({
  memfd_create: { arguments: ["pointer", "uint32"], return: "int32" },
  fcntl: { arguments: ["int32", "int32", "int32"], return: "int32" },
  mmap: { arguments: ["uint64", "uint64", "int32", "int32", "int32", "int64"], return: "int64" },
});

/**
 * A file in memory that processes may map or read, and none can make shorter, close-on-exec. Of more than one page only those
 * take memory that were written to. Throws `system.memory`.
 */
export function createSharedPage(name: string, bytes: number = sharedPageBytes): number {
  const text = Buffer.from(`${name}\0`);
  const fd = libc.memfd_create(pointerTo(text), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) throw failure("make a shared page");
  try {
    ftruncateSync(fd, bytes);
    if (libc.fcntl(fd, F_ADD_SEALS, sizeSeals) < 0) throw failure("seal a shared page");
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** Maps it for the rest of the process's life; the descriptor may be closed. Throws `system.memory`. */
export function mapSharedPage(fd: number, bytes: number = sharedPageBytes): ArrayBuffer {
  const address = libc.mmap(0n, BigInt(bytes), PROT_READ_WRITE, MAP_SHARED, fd, 0n);
  if (address === -1n) throw failure("map a shared page");
  return memoryAt(address, bytes);
}

function failure(action: string): WarrenError {
  return new WarrenError("system.memory", `could not ${action}: errno ${lastErrno()}`, { status: 500 });
}
