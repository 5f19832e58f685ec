import { type Descriptor, fdflags } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import type { Host } from "./host.ts";

/** What a transfer moves before it asks whether others should have their turn. */
const pieceBytes = 256 * 1024;
/** A transfer's result, besides those of kernel calls: there is more to do, and its slice is over. */
const unfinished = -0x1_0000;

/** What a call gives the guest, from a kernel's result. */
type Finish = (result: Result) => number;

/**
 * Does a kernel call that may give -AGAIN. A blocking descriptor's guest waits until it gives something else; a non-blocking
 * one gets AGAIN. Buffers must be taken from the guest's memory inside `call`: the guest may have been away between two.
 */
export function attempt(
  host: Host,
  descriptor: Descriptor,
  call: () => Result,
  finish: Finish,
): number | Promise<number> {
  const { thread } = host;
  const result = call();
  if (result === unfinished) return inTurns(host, descriptor, call, finish);
  if (result === -errno.AGAIN && (descriptor.flags & fdflags.nonblock) === 0)
    return wait(host, descriptor, call, finish);
  const value = finish(result);
  return thread.overdue ? thread.pause(value) : value;
}

async function inTurns(host: Host, descriptor: Descriptor, call: () => Result, finish: Finish): Promise<number> {
  let result: Result;
  do {
    await host.thread.pause(0);
    result = call();
  } while (result === unfinished);
  const waits = result === -errno.AGAIN && (descriptor.flags & fdflags.nonblock) === 0;
  return waits ? wait(host, descriptor, call, finish) : finish(result);
}

function wait({ thread }: Host, descriptor: Descriptor, call: () => Result, finish: Finish): Promise<number> {
  return thread.park([descriptor], () => {
    const again = call();
    if (again === -errno.AGAIN) return undefined;
    if (again !== unfinished) return finish(again);
    descriptor.wake?.();
    return undefined;
  });
}

/**
 * A transfer of the guest's buffers, which a blocking descriptor completes as far as it can (POSIX write, and recv with
 * MSG_WAITALL) and a non-blocking one does as far as it can now. A large one takes turns with other guests.
 */
export function complete(
  { thread }: Host,
  descriptor: Descriptor,
  buffers: () => Uint8Array[],
  transfer: (buffers: readonly Uint8Array[]) => Result,
): () => Result {
  let done = 0;
  return () => {
    const before = done;
    for (;;) {
      const left = skip(buffers(), done);
      const count = transfer(left);
      if (count === -errno.AGAIN && (descriptor.flags & fdflags.nonblock) === 0) return count;
      // What was transferred before an error counts; the next call meets the error again.
      if (count <= 0) return done > 0 ? done : count;
      done += count;
      if ((descriptor.flags & fdflags.nonblock) !== 0 || count >= size(left)) return done;
      if (done - before >= pieceBytes && thread.sliceOver) return unfinished;
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
