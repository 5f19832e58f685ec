import type { Clocks } from "./clocks.ts";
import { type Descriptor, fdflags } from "./descriptor.ts";
import { errno, type Result } from "./errno.ts";
import type { GuestThread, Waited } from "./guest-thread.ts";

/** What of an instance a transfer needs. */
export interface Host {
  readonly thread: GuestThread;
  readonly clocks: Clocks;
}

/** What a transfer moves before it asks whether others should have their turn. */
export const pieceBytes: number = 256 * 1024;
/** A transfer's result, besides those of kernel calls: there is more to do, and its slice is over. */
export const unfinished: Result = -0x1_0000;

/** What a call gives the guest, from a kernel's result. */
export type Finish = (result: Result) => number;

/** `last`: what cannot be done now will not be waited for. */
type Call = (last: boolean) => Result;

/**
 * Does a kernel call that may give -AGAIN. A blocking descriptor's guest waits until it gives something else or the descriptor's
 * timeout is over; a non-blocking one gets AGAIN. Buffers must be taken from the guest's memory inside `call`: the guest may
 * have been away between two.
 */
export function attempt(
  host: Host,
  descriptor: Descriptor,
  direction: "read" | "write",
  call: Call,
  finish: Finish,
): number | Promise<number> {
  const { thread } = host;
  const nonblocking = isNonblocking(descriptor);
  const result = call(nonblocking);
  if (result === unfinished) return inTurns(host, descriptor, direction, call, finish);
  if (result === -errno.AGAIN && !nonblocking) return wait(host, descriptor, direction, call, finish);
  const value = finish(result);
  return thread.overdue ? thread.pause(value) : value;
}

async function inTurns(
  host: Host,
  descriptor: Descriptor,
  direction: "read" | "write",
  call: Call,
  finish: Finish,
): Promise<number> {
  const nonblocking = isNonblocking(descriptor);
  let result: Result;
  do {
    await host.thread.pause(0);
    result = call(nonblocking);
  } while (result === unfinished);
  const waits = result === -errno.AGAIN && !nonblocking;
  return waits ? wait(host, descriptor, direction, call, finish) : finish(result);
}

function wait(
  { thread, clocks }: Host,
  descriptor: Descriptor,
  direction: "read" | "write",
  call: Call,
  finish: Finish,
): Promise<number> {
  const timeout = descriptor.timeout?.(direction);
  const deadline = timeout === undefined ? undefined : clocks.monotonic() + timeout;
  return thread.park(
    [descriptor],
    () => {
      const last = deadline !== undefined && clocks.monotonic() >= deadline;
      const again = call(last);
      if (again === -errno.AGAIN && !last) return undefined;
      if (again !== unfinished) return finish(again);
      descriptor.wake?.();
      return undefined;
    },
    deadline === undefined ? undefined : () => deadline,
  );
}

function isNonblocking({ flags }: Descriptor): boolean {
  return (flags & fdflags.nonblock) !== 0;
}

/**
 * A transfer of the guest's buffers, which a blocking descriptor completes as far as it can (POSIX write, and recv with
 * MSG_WAITALL) and a non-blocking one does as far as it can now. A large one takes turns with other guests.
 */
export function complete(
  { thread }: Host,
  buffers: () => Uint8Array[],
  transfer: (buffers: readonly Uint8Array[]) => Result,
): Call {
  let done = 0;
  return (last) => {
    const before = done;
    for (;;) {
      const left = skip(buffers(), done);
      const count = transfer(left);
      if (count === -errno.AGAIN && !last) return count;
      // What was transferred before an error counts; the next call meets the error again.
      if (count <= 0) return done > 0 ? done : count;
      done += count;
      if (last || count >= bytesOf(left)) return done;
      if (done - before >= pieceBytes && thread.sliceOver) return unfinished;
    }
  };
}

/** Waits for what a promise has, which does not reject, as a guest's call does. `finish` must not throw. */
export function waitFor<T, R extends {}>(
  { thread }: Pick<Host, "thread">,
  promise: Promise<T>,
  finish: (value: T) => R,
): Promise<R> {
  const waited: Waited = { wake: undefined };
  let settled: { readonly value: T } | undefined;
  void promise.then((value) => {
    settled = { value };
    waited.wake?.();
  });
  return thread.park([waited], () => (settled === undefined ? undefined : finish(settled.value)));
}

export function bytesOf(buffers: readonly Uint8Array[]): number {
  let total = 0;
  for (const buffer of buffers) total += buffer.length;
  return total;
}

/** What is left of buffers after so many bytes. */
export function skip(buffers: Uint8Array[], count: number): Uint8Array[] {
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
