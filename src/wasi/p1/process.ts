import { errno } from "../errno.ts";
import { signalAction, signalMax } from "../signals.ts";
import { readClock } from "./clock-id.ts";
import type { Host } from "./host.ts";

/** Random bytes come at about 1 GB/s: a call for many goes in pieces, and others have their turn between two. */
const randomPieceBytes = 64 * 1024;

/** SIGSTKFLT of Linux on x86 and arm (signal(7)). */
const stackFault = 16;

/** What node's clocks can tell apart, nanoseconds. */
const resolution = 1n;

/** Clocks, randomness, and the guest's own life. */
export function processFunctions(host: Host) {
  const { memory, thread, signals } = host;

  /** Fills on from a place until its slice is over. How far it came. */
  function fill(target: Uint8Array, from: number): number {
    let done = from;
    while (done < target.length) {
      host.random(target.subarray(done, done + randomPieceBytes));
      done = Math.min(done + randomPieceBytes, target.length);
      if (thread.sliceOver) break;
    }
    return done;
  }

  // The buffer stays the guest's memory meanwhile: only the guest itself grows it, and it is suspended.
  async function fillInTurns(target: Uint8Array, from: number): Promise<number> {
    for (let done = from; done < target.length; done = fill(target, done)) await thread.pause(0);
    return errno.SUCCESS;
  }

  return {
    clock_res_get(id: number, at: number): number {
      if (id >>> 0 > 3) return errno.INVAL;
      memory.setU64(at, resolution);
      return errno.SUCCESS;
    },
    clock_time_get(id: number, _precision: bigint, at: number): number {
      memory.check(at, 8);
      const time = readClock(host, id);
      if (time === undefined) return errno.INVAL;
      memory.setU64(at, BigInt.asUintN(64, time));
      return errno.SUCCESS;
    },
    random_get(at: number, length: number): number | Promise<number> {
      const target = memory.bytes(at, length);
      const done = fill(target, 0);
      return done < target.length ? fillInTurns(target, done) : errno.SUCCESS;
    },
    sched_yield: () => (thread.overdue ? thread.pause(errno.SUCCESS) : errno.SUCCESS),
    proc_exit: (code: number) => host.exit(code >>> 0),
    proc_raise(signal: number): number {
      const number = linuxSignal(signal >>> 0);
      if (number === undefined) return errno.INVAL;
      if (number === 0 || signals.send(signal) !== signalAction.default) return errno.SUCCESS;
      return host.exit(128 + number, number);
    },
  };
}

/** The `signal` enumeration is Linux's without SIGSTKFLT. Whoever raises one without having a handler means to die of it. */
function linuxSignal(signal: number): number | undefined {
  if (signal > signalMax) return undefined;
  return signal < stackFault ? signal : signal + 1;
}
