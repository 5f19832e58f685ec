import type { HostInterface } from "../../../component/host.ts";
import { datetime } from "../datetime.ts";
import type { P2Host } from "../host.ts";

/** What node's clocks can tell apart. */
const resolution = datetime(1n);

export const wallClock: HostInterface<P2Host> = {
  name: "wasi:clocks/wall-clock",
  version: "0.2",
  wit: `
    interface wall-clock {
      record datetime {
        seconds: u64,
        nanoseconds: u32,
      }
      now: func() -> datetime;
      resolution: func() -> datetime;
    }`,
  blocking: [],
  functions: ({ clocks }) => ({
    now: () => datetime(clocks.realtime()),
    resolution: () => resolution,
  }),
};
