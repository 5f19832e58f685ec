import type { Clocks } from "../clocks.ts";
import type { Descriptor } from "../descriptor.ts";
import type { GuestThread } from "../guest-thread.ts";
import type { KeyValueStore } from "../keyvalue/key-value-store.ts";
import type { P2Host } from "../p2/host.ts";
import type { RandomSource } from "../random.ts";
import type { Signals } from "../signals.ts";
import type { Dialler } from "../sockets/dialler.ts";
import type { VirtualNetwork } from "../sockets/virtual-network.ts";
import type { Guest } from "./guest.ts";

/** Everything of an instance that the preview-1 functions reach. */
export interface Host extends Guest {
  readonly thread: GuestThread;
  readonly clocks: Clocks;
  readonly random: RandomSource;
  readonly network: VirtualNetwork;
  readonly dialler: Dialler;
  readonly signals: Signals;
  /** UTF-8 without NUL. */
  readonly args: readonly string[];
  /** `NAME=value`, UTF-8 without NUL. */
  readonly env: readonly string[];
  /** The sockets that the host opened for the guest, which finds them from descriptor 3 on. */
  readonly handed: ReadonlySet<Descriptor>;
  /** For components: see `P2Host`. */
  readonly keyValue?: KeyValueStore | undefined;
  readonly log?: P2Host["log"];
  /** Ends the guest; never returns. `signal`: the Linux number of the one that it raised. */
  exit(code: number, signal?: number): never;
}

/** A function as the guest calls it: an errno, or a promise of one while the guest is suspended. */
// biome-ignore lint/suspicious/noExplicitAny: arguments are i32 (number) or i64 (bigint), as the signature says
export type HostFunction = (...args: any[]) => number | Promise<number>;
export type HostFunctions = Readonly<Record<string, HostFunction>>;
