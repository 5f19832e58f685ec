import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { bindLibc, lastErrno, pointerTo } from "../../base/libc.ts";
import { must } from "./system.ts";

const libc = bindLibc({
  prctl: { arguments: ["int32", "uint64", "uint64", "uint64", "uint64"], return: "int32" },
  fcntl: { arguments: ["int32", "int32", "int32"], return: "int32" },
  getrlimit: { arguments: ["int32", "pointer"], return: "int32" },
  setrlimit: { arguments: ["int32", "pointer"], return: "int32" },
});

const PR_SET_DUMPABLE = 4;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4n;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
/** The kernel knows 41 capabilities today and answers EINVAL to what it does not know. */
const capabilitiesMax = 64;

/** Every descriptor but these is closed by execve. */
export function keepDescriptors(kept: readonly number[]): void {
  for (const name of readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    // The one by which the folder was read is closed already.
    if (fd > 2) libc.fcntl(fd, F_SETFD, kept.includes(fd) ? 0 : FD_CLOEXEC);
  }
}

/** asm-generic/resource.h, which both architectures use. */
const limit = { CORE: 4, NOFILE: 7, MEMLOCK: 8, MSGQUEUE: 12, RTPRIO: 14 } as const;

/** Sets limits for good. No memory of tenants in core files; none pinned; descriptors for a million connections. */
export function limitResources(): void {
  const limits = { CORE: 0n, NOFILE: 1_048_576n, MEMLOCK: 0n, MSGQUEUE: 0n, RTPRIO: 0n };
  for (const [name, value] of Object.entries(limits)) {
    const resource = limit[name as keyof typeof limit];
    // struct rlimit: the present limit, and how high it may be raised.
    const values = new BigUint64Array(2);
    if (libc.getrlimit(resource, pointerTo(values)) < 0) throw failure(`getrlimit ${name}`);
    if ((values[1] as bigint) > value) values[1] = value;
    values[0] = values[1] as bigint;
    if (libc.setrlimit(resource, pointerTo(values)) < 0) throw failure(`setrlimit ${name}`);
  }
}

/**
 * Makes the kernel end this process sooner than others when memory is short. Never lowers what it has inherited, which needs
 * a capability; see proc(5).
 */
export function raiseOomScore(value: number): void {
  const file = "/proc/self/oom_score_adj";
  if (Number(readFileSync(file, "utf8")) < value) writeFileSync(file, String(value));
}

/** No capability outlasts the execve, not even root's. Where this is not permitted there are none to lose. */
export function dropCapabilities(): void {
  libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0n, 0n, 0n);
  for (let capability = 0; capability < capabilitiesMax; capability++) {
    if (libc.prctl(PR_CAPBSET_DROP, BigInt(capability), 0n, 0n, 0n) < 0) return;
  }
}

/** Of an unprivileged user that has no group but its own. */
export function becomeUser(id: number): void {
  process.setgroups?.([]);
  process.setgid?.(id);
  process.setuid?.(id);
}

/** No program gives more rights than this one has; landlock and seccomp ask for it. */
export function forbidNewPrivileges(): void {
  must("no_new_privs", libc.prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n) < 0 ? -lastErrno() : 0);
}

/** Other processes of the same user cannot read this one's memory, nor trace it. Ends with the next execve. */
export function hideMemory(): void {
  must("PR_SET_DUMPABLE", libc.prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n) < 0 ? -lastErrno() : 0);
}

function failure(what: string): Error {
  return new Error(`${what}: errno ${lastErrno()}`);
}
