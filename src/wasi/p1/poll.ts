import type { Descriptor, Readiness } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { clockId } from "./clock-id.ts";
import type { Host } from "./host.ts";
import { PollRepeats } from "./poll-repeats.ts";

// Layouts of subscription and event: witx typenames, "subscription", "event".
const subscriptionBytes = 48;
const eventBytes = 32;
const tag = { clock: 0, read: 1, write: 2 } as const;
const absoluteTime = 1;
const hangup = 1;
/** Subscriptions to clocks in one call, besides two for each descriptor that a guest may have. */
const clocksMax = 64;
/** Beyond this (292 years) a relative time would overflow the clock. */
const timeoutMax = (1n << 63n) - 1n;

/** Waiting for several things at once. */
export function pollFunctions(host: Host) {
  const { memory, table, thread, clocks } = host;

  const subscriptionsMax = 2 * table.descriptorsMax + clocksMax;
  const repeats = new PollRepeats(table);

  function event(at: number, subscription: number, type: number, error: number, readiness?: Readiness): void {
    if (readiness === undefined) repeats.news();
    const view = memory.view();
    view.setBigUint64(at, view.getBigUint64(subscription, true), true);
    view.setUint32(at + 8, error | (type << 16), true);
    view.setUint32(at + 12, 0, true);
    view.setBigUint64(at + 16, readiness === undefined ? 0n : BigInt(readiness.bytes), true);
    view.setBigUint64(at + 24, readiness?.hangup ? BigInt(hangup) : 0n, true);
  }

  function poll(input: number, output: number, countArgument: number, countAt: number): number | Promise<number> {
    const count = countArgument >>> 0;
    if (count === 0 || count > subscriptionsMax) return errno.INVAL;
    const subscriptions = memory.check(input, count * subscriptionBytes);
    const events = memory.check(output, count * eventBytes);
    memory.check(countAt, 4);

    /** When each clock subscription is due, by its own clock, as of the call. */
    const due: bigint[] = [];
    const waited: Descriptor[] = [];
    let deadline: bigint | undefined;

    /** The first look also notes what to wait for, so that a call that need not wait costs one pass. */
    function look(first: boolean): number {
      const view = memory.view();
      let ready = 0;
      let clock = 0;
      deadline = undefined;
      repeats.look();
      for (let i = 0, at = subscriptions; i < count; i++, at += subscriptionBytes) {
        const type = view.getUint8(at + 8);
        const into = events + ready * eventBytes;
        if (type === tag.clock) {
          const id = view.getUint32(at + 16, true);
          const timeout = view.getBigUint64(at + 24, true);
          const absolute = (view.getUint16(at + 40, true) & absoluteTime) !== 0;
          if (timeout === 0n && !absolute) {
            event(into, at, type, 0);
            ready++;
            continue;
          }
          // CPU clocks stand still while the guest waits (POSIX clock_nanosleep: EINVAL).
          if (id !== clockId.realtime && id !== clockId.monotonic) {
            event(into, at, type, errno.INVAL);
            ready++;
            continue;
          }
          // A relative time on the wall clock must not change when the host's clock is set meanwhile.
          const ticks = id === clockId.realtime && absolute ? clocks.realtime() : clocks.monotonic();
          if (first) due.push(absolute ? timeout : min(ticks + timeout, timeoutMax));
          const left = due[clock++]! - ticks;
          if (left <= 0n) {
            event(into, at, type, 0);
            ready++;
          } else {
            const then = min(clocks.monotonic() + left, timeoutMax);
            deadline = deadline === undefined ? then : min(deadline, then);
          }
          continue;
        }
        const fd = view.getUint32(at + 16, true);
        const descriptor = type === tag.read || type === tag.write ? table.get(fd) : undefined;
        if (descriptor === undefined) {
          // Errors are told per event: Go takes any errno of the call itself for a broken host.
          event(into, at, type, type > tag.write ? errno.INVAL : errno.BADF);
          ready++;
          continue;
        }
        const direction = type === tag.read ? "read" : "write";
        const readiness = descriptor.poll(direction);
        if (first) waited.push(descriptor);
        if (readiness !== undefined) {
          repeats.ready(fd, direction, readiness);
          event(into, at, type, 0, readiness);
          ready++;
        }
      }
      return ready;
    }

    function answer(ready: number): number {
      memory.setU32(countAt, ready);
      repeats.end();
      return errno.SUCCESS;
    }

    repeats.begin();
    const ready = look(true);
    if (ready > 0 && repeats.stale) {
      let until: bigint | undefined = clocks.monotonic() + repeats.nextDelay();
      return thread.park(
        waited,
        () => {
          const later = look(false);
          if (until !== undefined && clocks.monotonic() >= until) until = undefined;
          return later > 0 && (until === undefined || !repeats.stale) ? answer(later) : undefined;
        },
        () => (until === undefined || deadline === undefined ? (until ?? deadline) : min(until, deadline)),
      );
    }
    if (ready > 0) {
      // Go polls with a zero timeout all the time: without a pause now and then no bytes of the host's sockets come in.
      return thread.overdue ? thread.pause(answer(ready)) : answer(ready);
    }
    return thread.park(
      waited,
      () => {
        const later = look(false);
        return later === 0 ? undefined : answer(later);
      },
      () => deadline,
    );
  }

  return { epoll_oneoff: poll, poll_oneoff: poll };
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
