// What an attacker does who runs JavaScript of his own in a worker: the entry of a launch in place of the worker's. It
// prints, as JSON, how each attempt ended.
import fs from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { isMainThread, Worker } from "node:worker_threads";
import { pointerTo } from "../../src/base/libc.ts";
import { systemCall } from "../../src/base/system-call.ts";
import { linkAt, makeSymbolicLinkAt, removeAt, renameAt } from "../../src/wasi/files/calls.ts";
import { hideMemory } from "../../src/worker/wall/process.ts";
import { sealSystemCalls } from "../../src/worker/wall/seccomp.ts";

export interface Targets {
  /** A process that it would like to end, read and trace. */
  readonly daemon: number;
  /** Files and folders that are none of its business, and exist. */
  readonly forbidden: readonly string[];
  /** Its code. */
  readonly code: string;
  /** Two folders, each with a file "text". */
  readonly readOnly: string;
  readonly readWrite: string;
}

export interface Report {
  /** "allowed", or the error's code or number. */
  readonly attempts: Record<string, string>;
  /** What must work. */
  readonly works: Record<string, string>;
  /** proc_pid_status(5) of each thread. */
  readonly threads: string[];
  readonly environment: string[];
  /** What each is of. */
  readonly descriptors: string[];
}

const x64 = process.arch === "x64";

/** Numbers on x86_64 and arm64; undefined where there is no such call. */
const numbers: Record<string, readonly [number, number | undefined]> = {
  socket: [41, 198],
  socketpair: [53, 199],
  connect: [42, 203],
  bind: [49, 200],
  execve: [59, 221],
  execveat: [322, 281],
  fork: [57, undefined],
  vfork: [58, undefined],
  clone: [56, 220],
  clone3: [435, 435],
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  pidfd_open: [434, 434],
  pidfd_getfd: [438, 438],
  pidfd_send_signal: [424, 424],
  process_madvise: [440, 440],
  kcmp: [312, 272],
  kill: [62, 129],
  tkill: [200, 130],
  tgkill: [234, 131],
  rt_sigqueueinfo: [129, 138],
  rt_tgsigqueueinfo: [297, 240],
  prlimit64: [302, 261],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  mount_setattr: [442, 442],
  setuid: [105, 146],
  setresuid: [117, 147],
  setgroups: [116, 159],
  capset: [126, 91],
  personality: [135, 92],
  prctl: [157, 167],
  seccomp: [317, 277],
  landlock_restrict_self: [446, 446],
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  mknodat: [259, 33],
  fchmodat: [268, 53],
  fchownat: [260, 54],
  setxattr: [188, 5],
  quotactl: [179, 60],
  swapon: [167, 224],
  reboot: [169, 142],
  init_module: [175, 105],
  finit_module: [313, 273],
  kexec_load: [246, 104],
  syslog: [103, 116],
  acct: [163, 89],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  sethostname: [170, 161],
  inotify_init1: [294, 26],
  fanotify_init: [300, 262],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  shmget: [29, 194],
  mq_open: [240, 180],
  timer_create: [222, 107],
  signalfd4: [289, 74],
  splice: [275, 76],
  vmsplice: [278, 75],
  tee: [276, 77],
  modify_ldt: [154, undefined],
  iopl: [172, undefined],
  ioctl: [16, 29],
  fcntl: [72, 25],
  setsockopt: [54, 208],
  sendto: [44, 206],
};

const attempts: Record<string, string> = {};

function call(name: string, what: string, ...args: (number | bigint)[]): void {
  const number = numbers[name]?.[x64 ? 0 : 1];
  if (number === undefined) return;
  const result = systemCall(number, ...args);
  attempts[`${name} ${what}`.trim()] = result >= 0 ? "allowed" : String(-result);
}

function attempt(what: string, act: () => unknown): void {
  try {
    act();
    attempts[what] = "allowed";
  } catch (error) {
    attempts[what] = (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function callAll({ daemon, code }: Targets): void {
  const memory = Buffer.alloc(4096);
  const at = pointerTo(memory);
  const node = Buffer.from(`${process.execPath}\0`);
  call("execve", "", pointerTo(node), 0, 0);
  call("execveat", "", -100, pointerTo(node), 0, 0, 0);
  for (const name of ["fork", "vfork"]) call(name, "");
  const SIGCHLD = 17;
  const CLONE_THREAD_VM = 0x10100;
  call("clone", "a process", SIGCHLD, 0, 0, 0, 0);
  for (const [name, flag] of Object.entries({ user: 0x10000000, net: 0x40000000, mount: 0x20000, pid: 0x20000000 }))
    call("clone", `a thread in a ${name} namespace`, CLONE_THREAD_VM | flag, 0, 0, 0, 0);
  call("clone3", "", at, 88);

  const PTRACE_ATTACH = 16;
  call("ptrace", "", PTRACE_ATTACH, daemon, 0, 0);
  for (const name of ["process_vm_readv", "process_vm_writev"]) call(name, "", daemon, at, 0, at, 0, 0);
  call("pidfd_open", "", daemon, 0);
  call("pidfd_getfd", "", 0, 3, 0);
  call("pidfd_send_signal", "", 0, 0, 0, 0);
  call("process_madvise", "", 0, 0, 0, 0, 0);
  call("kcmp", "", daemon, process.pid, 0, 0, 0);
  call("kill", "the daemon", daemon, 0);
  call("kill", "everyone", -1, 0);
  call("kill", "its group", 0, 0);
  call("kill", "init", 1, 0);
  call("tkill", "", daemon, 0);
  call("tgkill", "", daemon, daemon, 0);
  call("rt_sigqueueinfo", "", daemon, 0, at);
  call("rt_tgsigqueueinfo", "", daemon, daemon, 0, at);
  call("prlimit64", "of the daemon", daemon, 7, 0, at);

  for (let family = 0; family <= 45; family++)
    for (const type of [1, 2, 3, 5]) call("socket", `family ${family} type ${type}`, family, type, 0);
  call("socketpair", "", 1, 1, 0, at);
  call("socketpair", "of packets", 1, 5, 0, at);
  call("socketpair", "of datagrams", 1, 2, 0, at);
  call("connect", "", 0, at, 16);
  call("bind", "", 0, at, 16);
  const SOL_SOCKET = 1;
  for (const [name, option] of Object.entries({ SO_ATTACH_FILTER: 26, SO_ATTACH_REUSEPORT_CBPF: 51, SO_REUSEPORT: 15 }))
    call("setsockopt", name, 3, SOL_SOCKET, option, at, 4);
  for (const [name, option] of Object.entries({ TCP_ULP: 31, TCP_REPAIR: 19, TCP_FASTOPEN_CONNECT: 30 }))
    call("setsockopt", name, 3, 6, option, at, 4);
  call("setsockopt", "IP_ADD_MEMBERSHIP", 3, 0, 35, at, 8);
  const MSG_FASTOPEN = 0x20000000;
  call("sendto", "with MSG_FASTOPEN", 3, at, 1, MSG_FASTOPEN, at, 16);

  for (const name of ["io_uring_setup", "io_uring_enter", "io_uring_register"]) call(name, "", 8, at, 0, 0, 0, 0);
  call("bpf", "", 0, at, 72);
  call("perf_event_open", "", at, 0, -1, -1, 0);
  call("userfaultfd", "", 0);
  for (const name of ["add_key", "request_key", "keyctl"]) call(name, "", 0, 0, 0, 0, 0);
  for (const flag of [0x10000000, 0x20000, 0x40000000]) call("unshare", `0x${flag.toString(16)}`, flag);
  call("setns", "", 0, 0);
  const rest = [
    "mount umount2 pivot_root chroot open_tree move_mount fsopen mount_setattr",
    "setuid setresuid setgroups capset personality seccomp landlock_restrict_self",
    "memfd_create memfd_secret mknodat fchmodat fchownat setxattr quotactl swapon reboot init_module finit_module kexec_load",
    "syslog acct settimeofday clock_settime adjtimex sethostname inotify_init1 fanotify_init name_to_handle_at",
    "open_by_handle_at shmget mq_open timer_create signalfd4 splice vmsplice tee modify_ldt iopl",
  ];
  for (const name of rest.flatMap((line) => line.split(" "))) call(name, "", 0, 0, 0, 0, 0);
  for (const [name, option] of Object.entries({
    PR_SET_DUMPABLE: 4,
    PR_SET_MM: 35,
    PR_SET_SECCOMP: 22,
    PR_SET_PTRACER: 0x59616d61,
  }))
    call("prctl", name, option, 1, 0, 0, 0);
  call("ioctl", "TIOCSTI", 0, 0x5412, at);
  call("fcntl", "F_SETOWN", 0, 8, daemon);
  attempt("process.execve", () => process.execve?.("/bin/sh", ["sh"], {}));
  attempt("spawn", () => {
    const { spawnSync } = process.getBuiltinModule("node:child_process");
    const { error } = spawnSync("/bin/true");
    if (error !== undefined) throw error;
  });
  attempt("process.kill", () => process.kill(daemon, 0));
  attempt("write its code", () => fs.appendFileSync(code, ""));
}

/** AT_FDCWD */
const here = -100;

/** Of the calls that workers make for guests: an error as an exception. */
function told(result: number): void {
  if (result < 0) throw Object.assign(new Error("denied"), { code: `errno ${-result} of WASI` });
}

function files({ daemon, forbidden, code, readOnly, readWrite }: Targets): void {
  const paths = [...forbidden, "/", "/etc/passwd", "/etc/shadow", "/tmp", "/dev/mem", "/dev/kmem", "/sys/kernel"];
  for (const pid of [1, daemon])
    for (const name of ["environ", "mem", "maps", "cmdline", "fd", "cwd/", "root/"]) paths.push(`/proc/${pid}/${name}`);
  for (const path of paths) {
    attempt(`read ${path}`, () => fs.closeSync(fs.openSync(path, fs.constants.O_RDONLY)));
    attempt(`list ${path}`, () => fs.readdirSync(path));
    attempt(`write ${path}`, () => fs.closeSync(fs.openSync(path, fs.constants.O_RDWR)));
    attempt(`make ${path}/x`, () => fs.writeFileSync(`${path}/x`, ""));
    attempt(`link ${path}`, () => told(linkAt(here, path, here, `${readWrite}/link`)));
    attempt(`by a symbolic link ${path}`, () => {
      told(makeSymbolicLinkAt(path, here, `${readWrite}/way`));
      try {
        fs.closeSync(fs.openSync(`${readWrite}/way`, fs.constants.O_RDONLY));
      } finally {
        removeAt(here, `${readWrite}/way`, "file");
      }
    });
  }
  attempt("write /proc/self/mem", () => fs.closeSync(fs.openSync("/proc/self/mem", fs.constants.O_RDWR)));
  attempt("make beside its code", () => fs.writeFileSync(`${code}.new`, ""));
  for (const [what, act] of Object.entries({
    write: () => fs.appendFileSync(`${readOnly}/text`, "x"),
    truncate: () => fs.truncateSync(`${readOnly}/text`, 0),
    make: () => fs.writeFileSync(`${readOnly}/new`, ""),
    remove: () => told(removeAt(here, `${readOnly}/text`, "file")),
    "rename within": () => told(renameAt(here, `${readOnly}/text`, here, `${readOnly}/other`)),
    "rename out of": () => told(renameAt(here, `${readOnly}/text`, here, `${readWrite}/stolen`)),
    "link out of": () => told(linkAt(here, `${readOnly}/text`, here, `${readWrite}/stolen`)),
  }))
    attempt(`${what} the read-only mount`, act);
}

async function whatWorks({ code, readOnly, readWrite }: Targets): Promise<Record<string, string>> {
  const works: Record<string, string> = {};
  const check = async (what: string, act: () => unknown): Promise<void> => {
    try {
      works[what] = String(await act());
    } catch (error) {
      works[what] = `failed: ${error}`;
    }
  };
  await check("read its code", () => fs.readFileSync(code).length > 0);
  await check("read-only mount", () => fs.readFileSync(`${readOnly}/text`, "utf8"));
  await check("read-write mount", () => {
    fs.writeFileSync(`${readWrite}/new`, "new");
    fs.readdirSync(readWrite);
    return fs.readFileSync(`${readWrite}/new`, "utf8");
  });
  await check("files in the thread pool", () => fs.promises.readFile(`${readOnly}/text`, "utf8"));
  await check("compression in the thread pool", async () => {
    const { promisify } = await import("node:util");
    const { gzip, gunzip } = await import("node:zlib");
    return String(await promisify(gunzip)(await promisify(gzip)("squeezed")));
  });
  await check("randomness", async () => (await import("node:crypto")).randomBytes(8).length);
  await check("WebAssembly", async () => {
    // (func (export "f") (result i32) i32.const 42)
    const bytes = Uint8Array.from(
      Buffer.from("0061736d010000000105016000017f03020100070501016600000a06010400412a0b", "hex"),
    );
    const { instance } = await WebAssembly.instantiate(bytes);
    return (instance.exports.f as () => number)();
  });
  await check("a thread", async () => {
    const worker = new Worker("require('node:worker_threads').parentPort.postMessage('here')", { eval: true });
    return new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  });
  await check("rss", () => process.memoryUsage.rss() > 0);
  return works;
}

function threads(): string[] {
  return fs.readdirSync("/proc/self/task").flatMap((id) => {
    try {
      return fs.readFileSync(`/proc/self/task/${id}/status`, "utf8");
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

async function main(): Promise<void> {
  const { seal, hide, targets } = JSON.parse(process.argv[2] as string) as {
    seal: boolean;
    hide: boolean;
    targets: Targets;
  };
  if (hide) hideMemory();
  if (seal) sealSystemCalls();
  // What follows would harm the machine if nothing stood around this process.
  if (!threads().every((status) => /^NoNewPrivs:\t1$/m.test(status) && /^Seccomp:\t2$/m.test(status)))
    throw new Error("this process is not walled");
  const descriptors = fs.readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one by which the folder was read.
      return [];
    }
  });
  callAll(targets);
  files(targets);
  const works = await whatWorks(targets);
  await turn();
  const report: Report = { attempts, works, threads: threads(), environment: Object.keys(process.env), descriptors };
  fs.writeSync(1, JSON.stringify(report));
}

if (isMainThread) await main();
