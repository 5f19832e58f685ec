import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { Pollable } from "../pollable.ts";
import { TimeTarget } from "../time-target.ts";

/** What node's clocks can tell apart, nanoseconds. */
const resolution = 1n;

export const monotonicClock: HostInterface<P2Host> = {
  name: "wasi:clocks/monotonic-clock",
  version: "0.2",
  wit: `
    interface monotonic-clock {
      use wasi:io/poll.{pollable};
      type instant = u64;
      type duration = u64;
      now: func() -> instant;
      resolution: func() -> duration;
      subscribe-instant: func(when: instant) -> pollable;
      subscribe-duration: func(when: duration) -> pollable;
    }`,
  blocking: [],
  functions: (host) => ({
    now: () => host.clocks.monotonic(),
    resolution: () => resolution,
    "subscribe-instant": (when: bigint) => new Pollable(host, new TimeTarget(host.clocks, when)),
    "subscribe-duration": (when: bigint) =>
      new Pollable(host, new TimeTarget(host.clocks, host.clocks.monotonic() + when)),
  }),
};
