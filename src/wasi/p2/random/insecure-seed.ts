import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { randomU64 } from "../random-bytes.ts";

export const insecureSeed: HostInterface<P2Host> = {
  name: "wasi:random/insecure-seed",
  version: "0.2",
  wit: `
    interface insecure-seed {
      insecure-seed: func() -> tuple<u64, u64>;
    }`,
  blocking: [],
  functions: ({ random }) => ({
    "insecure-seed": () => [randomU64(random), randomU64(random)],
  }),
};
