import { closeSync, ftruncateSync } from "node:fs";
import { WarrenError } from "./errors.ts";
import { bindLibc, lastErrno, memoryAt, pointerTo } from "./libc.ts";

/** Of every page size that Linux uses a part. */
export const sharedPageBytes = 4096;

const MFD_CLOEXEC = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

const libc = bindLibc({
  memfd_create: { arguments: ["pointer", "uint32"], return: "int32" },
  mmap: { arguments: ["uint64", "uint64", "int32", "int32", "int32", "int64"], return: "int64" },
});

/** A file in memory that two processes may map or read, close-on-exec. Throws `system.memory`. */
export function createSharedPage(name: string): number {
  const text = Buffer.from(`${name}\0`);
  const fd = libc.memfd_create(pointerTo(text), MFD_CLOEXEC);
  if (fd < 0) throw failure("make a shared page");
  try {
    ftruncateSync(fd, sharedPageBytes);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** Maps it for the rest of the process's life; the descriptor may be closed. Throws `system.memory`. */
export function mapSharedPage(fd: number): ArrayBuffer {
  const address = libc.mmap(0n, BigInt(sharedPageBytes), PROT_READ_WRITE, MAP_SHARED, fd, 0n);
  if (address === -1n) throw failure("map a shared page");
  return memoryAt(address, sharedPageBytes);
}

function failure(action: string): WarrenError {
  return new WarrenError("system.memory", `could not ${action}: errno ${lastErrno()}`, { status: 500 });
}
