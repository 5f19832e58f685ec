import type { HostCall, HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { answer } from "./answer.ts";
import type { Bucket } from "./bucket.ts";

const functions: Record<string, HostCall> = {
  "get-many": ({ host, values }: Bucket, keys: readonly string[]) =>
    answer(host, values.getMany(keys), (found) =>
      found.map((value, index) => (value === undefined ? undefined : [keys[index], value])),
    ),
  "set-many": ({ host, values }: Bucket, entries: readonly (readonly [string, Uint8Array])[]) =>
    answer(host, values.setMany(entries), () => undefined),
  "delete-many": ({ host, values }: Bucket, keys: readonly string[]) =>
    answer(host, values.deleteMany(keys), () => undefined),
};

export const keyvalueBatch: HostInterface<P2Host> = {
  name: "wasi:keyvalue/batch",
  version: "0.2.0-draft",
  wit: `
    interface batch {
      use wasi:keyvalue/store.{bucket, error};
      get-many: func(bucket: borrow<bucket>, keys: list<string>) -> result<list<option<tuple<string, list<u8>>>>, error>;
      set-many: func(bucket: borrow<bucket>, key-values: list<tuple<string, list<u8>>>) -> result<_, error>;
      delete-many: func(bucket: borrow<bucket>, keys: list<string>) -> result<_, error>;
    }`,
  blocking: ["get-many", "set-many", "delete-many"],
  functions: () => functions,
};
