import { WarrenError } from "../base/errors.ts";
import type { Flow } from "../base/flow.ts";
import type { Clocks } from "../wasi/clocks.ts";
import type { MountSpec } from "../wasi/files/mount.ts";
import type { CpuMeter } from "../wasi/guest-thread.ts";
import type { KeyValueStore } from "../wasi/keyvalue/key-value-store.ts";
import type { LogEntry } from "../wasi/p2/host.ts";
import type { RandomSource } from "../wasi/random.ts";
import type { SignalAction } from "../wasi/signals.ts";
import type { Refusal } from "../wasi/sockets/dialler.ts";
import type { Outbound } from "../wasi/sockets/outbound.ts";
import type { Output } from "../wasi/stdio.ts";
import type { CpuTerms } from "./cpu/preemption.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/** A port that the guest finds open, from descriptor 3 on in the order given. */
export interface HandedSocket {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

/** What an instance is given. */
export interface GuestOptions {
  /** The program's own name first. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Directories that the guest finds behind the sockets. */
  readonly mounts?: readonly MountSpec[];
  readonly sockets?: readonly HandedSocket[];
  /** Its way out, which is the instance's from then on. Without it a guest reaches its own ports only. */
  readonly outbound?: Outbound;
  /** Called when the guest begins to listen on a port of its own network, or to receive datagrams there. */
  readonly onListen?: (port: number, protocol: "tcp" | "udp") => void;
  /** Called for what the guest wanted to reach and was refused. */
  readonly onRefused?: (refusal: Refusal) => void;
  /** Called when the guest says what is to become of a signal, by its number in preview 1. */
  readonly onSignalAction?: (signal: number, action: SignalAction) => void;
  /** Called when it has read one. */
  readonly onSignalTaken?: (signal: number) => void;
  /** Empty when not given. */
  readonly stdin?: Flow;
  /** Thrown away when not given. */
  readonly stdout?: Output;
  readonly stderr?: Output;
  /** Which of the three isatty() says yes to. */
  readonly terminals?: { readonly stdin?: boolean; readonly stdout?: boolean; readonly stderr?: boolean };
  readonly descriptorsMax?: number;
  /** The host's when not given. */
  readonly clocks?: Clocks;
  readonly random?: RandomSource;
  /** To be shared by the instances of a process, or time that one spends may be counted for another too. */
  readonly meter?: CpuMeter;
  /** What the meter shows while the guest runs. */
  readonly number?: number;
  /** What a component may keep values in; without it every store is denied. */
  readonly keyValue?: KeyValueStore;
  /** Takes what a component logs; standard error does when not given. */
  readonly log?: (entry: LogEntry) => void;
  /** Needed by an interruptible program; the guest has the CPU to itself without. */
  readonly cpu?: CpuTerms;
  /** Of the process: an instance for which there is no room is not started. */
  readonly budget?: MemoryBudget;
}

/** `NAME=value` for each variable, and what tells of the handed sockets. Throws `env.invalid`. */
export function guestEnvironment({ env = {}, sockets = [] }: GuestOptions): string[] {
  // sd_listen_fds(3). LISTEN_PID is left out: the guest has no process.
  const all =
    sockets.length === 0
      ? env
      : {
          ...env,
          LISTEN_FDS: String(sockets.length),
          LISTEN_FDNAMES: sockets.map(({ protocol, port }) => `${protocol}-${port}`).join(":"),
        };
  return Object.entries(all).map(([name, value]) => {
    if (!/^[^=\0]+$/.test(name) || value.includes("\0")) {
      throw new WarrenError(
        "env.invalid",
        `the variable ${JSON.stringify(name)} cannot be passed on: a name is not empty and holds no =, and neither holds NUL`,
      );
    }
    return `${name}=${value}`;
  });
}

/** Throws `args.invalid`. */
export function guestArguments({ args = [] }: GuestOptions): readonly string[] {
  const bad = args.find((text) => text.includes("\0"));
  if (bad !== undefined)
    throw new WarrenError(
      "args.invalid",
      `the argument ${JSON.stringify(bad.slice(0, 80))} holds NUL, which cannot be passed on`,
    );
  return args;
}
