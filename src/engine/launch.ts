import type { GuestThread } from "../wasi/guest-thread.ts";
import type { Host } from "../wasi/p1/host.ts";
import type { PreparedKind } from "./check/prepared-kind.ts";
import type { Burst, CpuTerms } from "./cpu/preemption.ts";
import type { MemoryAccount } from "./memory-account.ts";

/** What a program is launched with. */
export interface Launch {
  readonly host: Host;
  readonly thread: GuestThread;
  /** The program attaches its memories and tables once it has them. */
  readonly account: MemoryAccount;
  /** Needed by an interruptible program. */
  readonly cpu: CpuTerms | undefined;
  /** The guest has run for too long at a stretch: must end it. */
  readonly onOverrun: (burst: Burst) => void;
}

/** A program that was checked and compiled, ready to start any number of instances. */
export interface Program {
  readonly kind: PreparedKind;
  /** Bytes that its memories and tables have before it runs, as {@link MemoryAccount} counts them. */
  readonly initialBytes: number;
  /** Bytes that its memory may grow to. */
  readonly memoryMax: number;
  /** How many memories each instance has that are made for it. */
  readonly memoryCount: number;
  /** Instantiates it and runs it to its end. Rejects, or throws, with what it trapped with. */
  launch(launch: Launch): Promise<void>;
}
