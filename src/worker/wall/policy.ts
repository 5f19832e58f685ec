/**
 * What a worker may ask of the kernel: everything else is refused with EPERM. This file is the list to read and to change;
 * filter.ts makes a program of it. Checked against Node 26.10 by running every test behind it.
 *
 * Each call has its numbers on x86_64 (arch/x86/entry/syscalls/syscall_64.tbl) and on arm64
 * (include/uapi/asm-generic/unistd.h), which lacks the older form of some.
 *
 * Left out, and why it matters: socket, connect, bind (a worker reaches nobody by itself), fork and clone of a process,
 * ptrace, process_vm_*, pidfd_* (other processes), io_uring (goes around a filter), bpf, perf_event_open, userfaultfd,
 * keyctl (the kernel's most broken parts), unshare, setns, mount (new namespaces hold more of those), memfd_create, chmod,
 * mknod, setuid, prctl but for names.
 */
export type Numbers = readonly [x64: number, arm64: number | undefined];

const none = undefined;

/** Allowed whatever the arguments, which the kernel remembers: it runs no filter for these. */
export const allowed: Readonly<Record<string, Numbers>> = {
  // Bytes in and out, of files and sockets.
  read: [0, 63],
  write: [1, 64],
  readv: [19, 65],
  writev: [20, 66],
  pread64: [17, 67],
  pwrite64: [18, 68],
  preadv: [295, 69],
  pwritev: [296, 70],
  close: [3, 57],
  lseek: [8, 62],
  dup: [32, 23],
  // The event loop, and the threads' waiting for one another.
  futex: [202, 98],
  epoll_pwait: [281, 22],
  epoll_wait: [232, none],
  epoll_ctl: [233, 21],
  epoll_create1: [291, 20],
  eventfd2: [290, 19],
  poll: [7, none],
  ppoll: [271, 73],
  pipe2: [293, 59],
  // Sockets that the daemon made and handed over: no new ones, and none is connected or bound.
  accept4: [288, 242],
  listen: [50, 201],
  shutdown: [48, 210],
  getsockname: [51, 204],
  getpeername: [52, 205],
  getsockopt: [55, 209],
  recvfrom: [45, 207],
  recvmsg: [47, 212],
  recvmmsg: [299, 243],
  // Memory of V8: the compiler's code pages, its protection keys, guests' memories.
  mmap: [9, 222],
  mprotect: [10, 226],
  munmap: [11, 215],
  mremap: [25, 216],
  madvise: [28, 233],
  brk: [12, 214],
  membarrier: [324, 283],
  pkey_alloc: [330, 289],
  pkey_free: [331, 290],
  pkey_mprotect: [329, 288],
  // Files beneath the mounts, and our own code. Landlock says which.
  openat: [257, 56],
  openat2: [437, 437],
  fstat: [5, 80],
  newfstatat: [262, 79],
  statx: [332, 291],
  access: [21, none],
  faccessat: [269, 48],
  faccessat2: [439, 439],
  readlink: [89, none],
  readlinkat: [267, 78],
  getdents64: [217, 61],
  getcwd: [79, 17],
  // Changes to files: those that WASI has.
  mkdirat: [258, 34],
  unlinkat: [263, 35],
  renameat: [264, 38],
  renameat2: [316, 276],
  linkat: [265, 37],
  symlinkat: [266, 36],
  ftruncate: [77, 46],
  fallocate: [285, 47],
  fadvise64: [221, 223],
  fsync: [74, 82],
  fdatasync: [75, 83],
  utimensat: [280, 88],
  // Signals to itself: how V8 catches what a guest does out of bounds.
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  sigaltstack: [131, 132],
  restart_syscall: [219, 128],
  // Threads, and the process's end.
  set_robust_list: [273, 99],
  rseq: [334, 293],
  gettid: [186, 178],
  getpid: [39, 172],
  getppid: [110, 173],
  exit: [60, 93],
  exit_group: [231, 94],
  sched_yield: [24, 124],
  sched_getaffinity: [204, 123],
  sched_getparam: [143, 121],
  sched_getscheduler: [145, 120],
  // Time.
  clock_gettime: [228, 113],
  clock_getres: [229, 114],
  clock_nanosleep: [230, 115],
  nanosleep: [35, 101],
  gettimeofday: [96, 169],
  // What it may know of itself and the machine.
  getuid: [102, 174],
  getgroups: [115, 158],
  geteuid: [107, 175],
  getgid: [104, 176],
  getegid: [108, 177],
  getresuid: [118, 148],
  getresgid: [120, 150],
  capget: [125, 90],
  getrandom: [318, 278],
  uname: [63, 160],
  sysinfo: [99, 179],
  getrusage: [98, 165],
};

/**
 * One test of an argument's lower 32 bits, which is all that the kernel looks at for these: one of several values, or
 * some bits of it. `"self"` is the worker's own process id.
 */
export type ArgumentTest =
  | { readonly arg: number; readonly in: readonly (number | "self")[] }
  | { readonly arg: number; readonly mask: number; readonly equals: number };

/** All tests of one rule must hold; one of a call's rules must. */
export interface CheckedCall {
  readonly numbers: Numbers;
  readonly rules: readonly (readonly ArgumentTest[])[];
}

const CLONE_VM = 0x100;
const CLONE_THREAD = 0x10000;
/** CLONE_NEWTIME is out of clone's reach; CLONE_NEWNS is 0x20000, the others from NEWCGROUP to NEWNET 0x7e000000. */
const CLONE_NEW_ANY = 0x7e020000;
const SOCK_STREAM = 1;
/** All of a type but SOCK_NONBLOCK and SOCK_CLOEXEC. */
export const typeMask: number = ~0x80800 >>> 0;
const MSG_FASTOPEN = 0x20000000;
const SOL_SOCKET = 1;
const SOL_TCP = 6;

export const checked: Readonly<Record<string, CheckedCall>> = {
  // Threads of this process only, in no namespace of their own.
  clone: {
    numbers: [56, 220],
    rules: [[{ arg: 0, mask: CLONE_THREAD | CLONE_VM | CLONE_NEW_ANY, equals: CLONE_THREAD | CLONE_VM }]],
  },
  // abort() and the like.
  kill: { numbers: [62, 129], rules: [[{ arg: 0, in: ["self"] }]] },
  tgkill: { numbers: [234, 131], rules: [[{ arg: 0, in: ["self"] }]] },
  // Its own limits, which it can only lower.
  prlimit64: { numbers: [302, 261], rules: [[{ arg: 0, in: [0, "self"] }]] },
  // PR_SET_NAME, PR_GET_NAME of threads, PR_SET_VMA of memory; PR_SET_DUMPABLE, to 0 only.
  prctl: {
    numbers: [157, 167],
    rules: [
      [{ arg: 0, in: [15, 16, 0x53564d41] }],
      [
        { arg: 0, in: [4] },
        { arg: 1, in: [0] },
      ],
    ],
  },
  // FIONBIO, FIONCLEX, FIOCLEX, FIONREAD, and TCGETS, by which Node asks whether a file is a terminal.
  ioctl: { numbers: [16, 29], rules: [[{ arg: 1, in: [0x5421, 0x5450, 0x5451, 0x541b, 0x5401] }]] },
  // F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC. No F_SETOWN: its signals go to whom it names.
  fcntl: { numbers: [72, 25], rules: [[{ arg: 1, in: [0, 1, 2, 3, 4, 1030] }]] },
  // AF_UNIX streams, whose two ends are both its own: one goes to another worker, for requests that are answered there. It
  // can hand on what it holds by its lanes in any case.
  socketpair: {
    numbers: [53, 199],
    rules: [
      [
        { arg: 0, in: [1] },
        { arg: 1, mask: typeMask, equals: SOCK_STREAM },
      ],
    ],
  },
  // MSG_FASTOPEN is a connect() by another name.
  sendto: { numbers: [44, 206], rules: [[{ arg: 3, mask: MSG_FASTOPEN, equals: 0 }]] },
  sendmsg: { numbers: [46, 211], rules: [[{ arg: 2, mask: MSG_FASTOPEN, equals: 0 }]] },
  sendmmsg: { numbers: [307, 269], rules: [[{ arg: 3, mask: MSG_FASTOPEN, equals: 0 }]] },
  // SO_REUSEADDR, _BROADCAST, _SNDBUF, _RCVBUF, _KEEPALIVE, _LINGER; TCP_NODELAY, _KEEPIDLE, _KEEPINTVL, _KEEPCNT, _QUICKACK,
  // _USER_TIMEOUT. No filters, no TCP_ULP, no TCP_REPAIR.
  setsockopt: {
    numbers: [54, 208],
    rules: [
      [
        { arg: 1, in: [SOL_SOCKET] },
        { arg: 2, in: [2, 6, 7, 8, 9, 13] },
      ],
      [
        { arg: 1, in: [SOL_TCP] },
        { arg: 2, in: [1, 4, 5, 6, 12, 18] },
      ],
    ],
  },
};

/** A list of what a process may ask for, besides what its start needs. */
export interface SystemCalls {
  readonly allowed: Readonly<Record<string, Numbers>>;
  readonly checked: Readonly<Record<string, CheckedCall>>;
}

export const workerCalls: SystemCalls = { allowed, checked };

/** Refused with another number than EPERM. */
export const refused: Readonly<Record<string, { readonly numbers: Numbers; readonly errno: number }>> = {
  // ENOSYS: the C library falls back to clone, whose flags are in a register, where a filter can read them.
  clone3: { numbers: [435, 435], errno: 38 },
};

/** Allowed until the worker seals itself: execve, what a program needs at its very start, and sealing. */
export const untilSealed: Readonly<Record<string, Numbers>> = {
  execve: [59, 221],
  arch_prctl: [158, none],
  set_tid_address: [218, 96],
  seccomp: [317, 277],
};

/** Refused by the second filter. */
export const sealed: Readonly<Record<string, Numbers>> = { ...untilSealed, execveat: [322, 281] };
