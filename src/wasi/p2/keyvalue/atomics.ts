import type { HostCall, HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { answer } from "./answer.ts";
import type { Bucket } from "./bucket.ts";

const functions: Record<string, HostCall> = {
  increment: ({ host, values }: Bucket, key: string, delta: bigint) =>
    answer(host, values.increment(key, delta), (sum) => sum),
};

export const keyvalueAtomics: HostInterface<P2Host> = {
  name: "wasi:keyvalue/atomics",
  version: "0.2.0-draft",
  wit: `
    interface atomics {
      use wasi:keyvalue/store.{bucket, error};
      increment: func(bucket: borrow<bucket>, key: string, delta: u64) -> result<u64, error>;
    }`,
  blocking: ["increment"],
  functions: () => functions,
};
