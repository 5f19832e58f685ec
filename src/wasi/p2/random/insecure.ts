import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { randomBytes, randomU64 } from "../random-bytes.ts";

/** As good as `random`: a second, weaker generator would save a guest next to nothing. */
export const insecure: HostInterface<P2Host> = {
  name: "wasi:random/insecure",
  version: "0.2",
  wit: `
    interface insecure {
      get-insecure-random-bytes: func(len: u64) -> list<u8>;
      get-insecure-random-u64: func() -> u64;
    }`,
  blocking: [],
  functions: (host) => ({
    "get-insecure-random-bytes": (length: bigint) => randomBytes(host.random, length),
    "get-insecure-random-u64": () => randomU64(host.random),
  }),
};
