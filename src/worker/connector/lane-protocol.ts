import type { Result } from "../../wasi/errno.ts";

// What a worker and the connector say to each other, over base/link.ts. The connector believes nothing: a worker may have been
// taken over by a guest.

/** Which guest of the worker asks. */
export interface Asking {
  readonly service: string;
  readonly revision: number;
}

/** A negated errno, and for -ACCES of a name that is granted: an address that it has and that no name leads to. */
export interface Refusal {
  readonly error: Result;
  readonly address?: string;
}

/** The worker calls, the connector answers. */
export interface LaneCalls {
  resolve: { body: Asking & { name: string; family?: 4 | 6 }; answer: { addresses: readonly string[] } | Refusal };
  /** One descriptor: the connected socket. `id`: for `cancel`. */
  connect: { body: Asking & { id: number; ip: string; port: number }; answer: Record<string, never> | Refusal };
  /** One descriptor: a stream whose other end the worker that has the service took. */
  dial: {
    body: Asking & { to: string; port: number; worker: string };
    answer: Record<string, never> | Refusal | { elsewhere: true };
  };
  /** One descriptor: a stream of frames (datagram-frames.ts) to and from one UDP port. */
  datagrams: { body: Asking; answer: Record<string, never> | Refusal };
}

/** The worker's notes. */
export interface LaneNotes {
  cancel: { id: number };
}

/** The connector calls, the worker answers. */
export interface LaneOffers {
  /** One descriptor: a stream of bytes from a guest of another worker to one of this one's. */
  accept: { body: { service: string; port: number }; answer: Record<string, never> | Refusal | { elsewhere: true } };
}
