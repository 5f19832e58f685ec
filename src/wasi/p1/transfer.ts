import { type Descriptor, fdflags } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import type { Host } from "./host.ts";

/** What a call gives the guest, from a kernel's result. */
type Finish = (result: Result) => number;

/**
 * Does a kernel call that may give -AGAIN. A blocking descriptor's guest waits until it gives something else; a non-blocking
 * one gets AGAIN. Buffers must be taken from the guest's memory inside `call`: the guest may have been away between two.
 */
export function attempt(
  { thread }: Host,
  descriptor: Descriptor,
  call: () => Result,
  finish: Finish,
): number | Promise<number> {
  const result = call();
  if (result !== -errno.AGAIN || (descriptor.flags & fdflags.nonblock) !== 0) {
    const value = finish(result);
    return thread.overdue ? thread.pause(value) : value;
  }
  return thread.park([descriptor], () => {
    const again = call();
    return again === -errno.AGAIN ? undefined : finish(again);
  });
}

/**
 * A transfer of the guest's buffers, which a blocking descriptor completes as far as it can (POSIX write, and recv with
 * MSG_WAITALL) and a non-blocking one does as far as it can now.
 */
export function complete(
  descriptor: Descriptor,
  buffers: () => Uint8Array[],
  transfer: (buffers: readonly Uint8Array[]) => Result,
): () => Result {
  let done = 0;
  return () => {
    for (;;) {
      const left = skip(buffers(), done);
      const count = transfer(left);
      if (count === -errno.AGAIN && (descriptor.flags & fdflags.nonblock) === 0) return count;
      // What was transferred before an error counts; the next call meets the error again.
      if (count <= 0) return done > 0 ? done : count;
      done += count;
      if ((descriptor.flags & fdflags.nonblock) !== 0 || count >= size(left)) return done;
    }
  };
}

function size(buffers: readonly Uint8Array[]): number {
  let total = 0;
  for (const buffer of buffers) total += buffer.length;
  return total;
}

function skip(buffers: Uint8Array[], count: number): Uint8Array[] {
  if (count === 0) return buffers;
  let left = count;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (left >= buffer.length) left -= buffer.length;
    else {
      rest.push(left === 0 ? buffer : buffer.subarray(left));
      left = 0;
    }
  }
  return rest;
}
