import { closeSync, constants, fstatSync, openSync, readlinkSync } from "node:fs";
import { assert } from "./assert.ts";
import { systemCode } from "./errors.ts";
import { bindLibc, lastErrno, pointerTo } from "./libc.ts";

const c = bindLibc({
  socket: { arguments: ["int32", "int32", "int32"], return: "int32" },
  connect: { arguments: ["int32", "pointer", "uint32"], return: "int32" },
  syscall: { arguments: ["uint64", "uint64", "uint64", "uint64"], return: "int64" },
});

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC_NONBLOCK = 1 | 0o2000000 | 0o4000;
const EAGAIN = 11;
const EACCES = 13;
const EPERM = 1;
/** setgroups, setresgid, setresuid (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h). */
const calls = process.arch === "arm64" ? [159n, 149n, 147n] : [116n, 119n, 117n];
const [SETGROUPS, SETRESGID, SETRESUID] = calls as [bigint, bigint, bigint];
const unchanged = 0xffff_ffff_ffff_ffffn;
const O_PATH = 0o10000000;

/** `missing`: no such file, or no socket; `refused`: nobody listens; `denied`: not this user's; `busy`: its queue is full. */
export type UnixFailure = "missing" | "refused" | "denied" | "busy";

/**
 * Connects to a unix stream socket: a descriptor, which is the caller's. With `user`, the files are looked up and the other
 * side is told (SO_PEERCRED, unix(7)) as that user, without any group but its own. `mayReach` is asked with the path that the
 * socket was found at.
 */
export function connectUnixStream(
  path: string,
  user: number | undefined,
  mayReach: (found: string) => boolean,
): number | UnixFailure {
  return user === undefined ? connectHere(path, mayReach) : as(user, () => connectHere(path, mayReach));
}

function connectHere(path: string, mayReach: (found: string) => boolean): number | UnixFailure {
  let file: number;
  try {
    file = openSync(path, O_PATH | constants.O_NONBLOCK);
  } catch (error) {
    return systemCode(error) === "EACCES" ? "denied" : "missing";
  }
  try {
    if (!fstatSync(file).isSocket()) return "missing";
    // What was looked at is what is connected to, whatever happens to the path meanwhile.
    const name = `/proc/self/fd/${file}`;
    if (!mayReach(readlinkSync(name))) return "denied";
    return connectTo(name);
  } finally {
    closeSync(file);
  }
}

function connectTo(path: string): number | UnixFailure {
  const fd = c.socket(AF_UNIX, SOCK_STREAM_CLOEXEC_NONBLOCK, 0);
  assert(fd >= 0);
  const name = Buffer.alloc(110);
  name.writeUInt16LE(AF_UNIX, 0);
  name.write(path, 2);
  if (c.connect(fd, pointerTo(name), name.length) >= 0) return fd;
  const errno = lastErrno();
  closeSync(fd);
  if (errno === EACCES || errno === EPERM) return "denied";
  return errno === EAGAIN ? "busy" : "refused";
}

/**
 * Runs `action` as another user, which root may. The system calls are made directly: those of the C library change every
 * thread (nptl(7)), and only this one, which runs nothing else meanwhile, is to change. It comes back by its saved ids.
 */
function as<T>(user: number, action: () => T): T {
  const id = BigInt(user);
  const groups = new Uint32Array(process.getgroups?.() ?? []);
  must(c.syscall(SETGROUPS, 0n, 0n, 0n));
  must(c.syscall(SETRESGID, unchanged, id, unchanged));
  must(c.syscall(SETRESUID, unchanged, id, unchanged));
  try {
    return action();
  } finally {
    must(c.syscall(SETRESUID, unchanged, 0n, unchanged));
    must(c.syscall(SETRESGID, unchanged, 0n, unchanged));
    must(c.syscall(SETGROUPS, BigInt(groups.length), groups.length > 0 ? pointerTo(groups) : 0n, 0n));
  }
}

/** A daemon that is half another user must not go on. */
function must(result: bigint): void {
  if (result < 0n) process.abort();
}
