import type { Clocks } from "../clocks.ts";
import type { Descriptor } from "../descriptor.ts";
import type { DescriptorTable } from "../descriptor-table.ts";
import type { GuestThread } from "../guest-thread.ts";
import type { KeyValueStore } from "../keyvalue/key-value-store.ts";
import type { RandomSource } from "../random.ts";
import type { Dialler } from "../sockets/dialler.ts";
import type { VirtualNetwork } from "../sockets/virtual-network.ts";
import type { ResourceCount } from "./resource-count.ts";

/** One call of `wasi:logging/logging.log`, its texts cut off at a length. */
export interface LogEntry {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "critical";
  readonly context: string;
  readonly message: string;
}

/** Everything of an instance that the functions of WASI 0.2 reach. */
export interface P2Host {
  /**
   * What the host opened for the guest, and what that opens: files, directories, sockets. Standard input, output and error are 0 to 2; then
   * come the handed sockets and the directories that have a `preopen`. Guests of 0.2 see no numbers.
   */
  readonly table: DescriptorTable;
  readonly thread: GuestThread;
  readonly clocks: Clocks;
  readonly random: RandomSource;
  readonly network: VirtualNetwork;
  readonly dialler: Dialler;
  readonly args: readonly string[];
  /** `NAME=value` */
  readonly env: readonly string[];
  /** Where the guest's relative paths begin, if anywhere. */
  readonly initialCwd?: string | undefined;
  /** The sockets that the host opened for the guest, which gets them by binding their ports. */
  readonly handed: ReadonlySet<Descriptor>;
  readonly resources: ResourceCount;
  /** For `wasi:keyvalue`; without it every store is denied. */
  readonly keyValue?: KeyValueStore | undefined;
  /** For `wasi:logging`; without it, standard error. */
  readonly log?: ((entry: LogEntry) => void) | undefined;
  /** Ends the guest; never returns. */
  exit(code: number): never;
}
