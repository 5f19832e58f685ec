import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { randomBytes, randomU64 } from "../random-bytes.ts";

export const random: HostInterface<P2Host> = {
  name: "wasi:random/random",
  version: "0.2",
  wit: `
    interface random {
      get-random-bytes: func(len: u64) -> list<u8>;
      get-random-u64: func() -> u64;
    }`,
  blocking: [],
  functions: (host) => ({
    "get-random-bytes": (length: bigint) => randomBytes(host.random, length),
    "get-random-u64": () => randomU64(host.random),
  }),
};
