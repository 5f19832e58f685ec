import type { Result } from "./errno.ts";

/** `filetype` of preview 1. */
export const filetype = {
  unknown: 0,
  blockDevice: 1,
  characterDevice: 2,
  directory: 3,
  regularFile: 4,
  datagramSocket: 5,
  streamSocket: 6,
  symbolicLink: 7,
} as const;
export type Filetype = (typeof filetype)[keyof typeof filetype];

/** `fdflags` of preview 1. */
export const fdflags = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;

/** What a poll reports of a descriptor that is ready. */
export interface Readiness {
  /** Bytes that can be read or written without blocking; 1 where the number is not known. */
  readonly bytes: number;
  /** The other end is gone. */
  readonly hangup: boolean;
}

/**
 * What every open descriptor of a guest can do, whatever the WASI version that sees it. Reads and writes never block:
 * -AGAIN means that nothing can be done now, and the adapter of the WASI version suspends the guest until `wake` was called
 * (unless the descriptor is non-blocking). Buffers are views of guest memory: valid during the call only.
 */
export interface Descriptor {
  readonly type: Filetype;
  /** `fdflags`; only the adapter's fd_fdstat_set_flags changes it. */
  flags: number;
  /** Bytes read, 0 at the end, or -errno. */
  read(buffers: readonly Uint8Array[]): Result;
  /** Bytes written, or -errno. */
  write(buffers: readonly Uint8Array[]): Result;
  /** Undefined when not ready. Files are always ready. */
  poll(interest: "read" | "write"): Readiness | undefined;
  /** Set by the descriptor table; the descriptor calls it whenever its readiness may have changed. */
  wake: (() => void) | undefined;
  /** Bytes that the host holds for it at the moment: what waits to be read by either end. Absent: none. */
  readonly heldBytes?: number;
  /** How long a call waits that may block, nanoseconds (SO_RCVTIMEO, SO_SNDTIMEO). Absent or undefined: for ever. */
  timeout?(direction: "read" | "write"): bigint | undefined;
  /** Lets go of what it holds on the host. Called once. */
  close(): void;
}
