import { errno } from "../errno.ts";
import type { NewTime } from "../files/file-system.ts";
import type { FileStatus } from "../files/status.ts";
import { Fault, type GuestMemory } from "./memory.ts";

export const filestatBytes = 64;

/** Stores a `filestat`. */
export function putFilestat(memory: GuestMemory, pointer: number, status: FileStatus): number {
  const at = memory.check(pointer, filestatBytes);
  const view = memory.view();
  view.setBigUint64(at, status.device, true);
  view.setBigUint64(at + 8, status.inode, true);
  view.setBigUint64(at + 16, BigInt(status.type), true);
  view.setBigUint64(at + 24, status.links, true);
  view.setBigUint64(at + 32, status.size, true);
  view.setBigUint64(at + 40, status.accessed, true);
  view.setBigUint64(at + 48, status.modified, true);
  view.setBigUint64(at + 56, status.changed, true);
  return errno.SUCCESS;
}

/** `fstflags` */
const fstflags = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;

/** The two times that a set_times call asks for; INVAL when it asks for a time and the present at once. */
export function timesOf(accessed: bigint, modified: bigint, flags: number): [accessed: NewTime, modified: NewTime] {
  return [
    time(accessed, (flags & fstflags.accessed) !== 0, (flags & fstflags.accessedNow) !== 0),
    time(modified, (flags & fstflags.modified) !== 0, (flags & fstflags.modifiedNow) !== 0),
  ];
}

function time(value: bigint, given: boolean, now: boolean): NewTime {
  if (given && now) throw new Fault(errno.INVAL);
  // i64 arrives signed; timestamps are unsigned.
  return now ? "now" : given ? BigInt.asUintN(64, value) : undefined;
}
