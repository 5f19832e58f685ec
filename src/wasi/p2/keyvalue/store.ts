import type { HostCall, HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { err } from "../result.ts";
import { answer } from "./answer.ts";
import { Bucket } from "./bucket.ts";

const methods: Record<string, HostCall> = {
  "[method]bucket.get": ({ host, values }: Bucket, key: string) => answer(host, values.get(key), same),
  "[method]bucket.set": ({ host, values }: Bucket, key: string, value: Uint8Array) =>
    answer(host, values.set(key, value), same),
  "[method]bucket.delete": ({ host, values }: Bucket, key: string) => answer(host, values.delete(key), same),
  "[method]bucket.exists": ({ host, values }: Bucket, key: string) => answer(host, values.exists(key), same),
  "[method]bucket.list-keys": ({ host, values }: Bucket, cursor: bigint | undefined) =>
    answer(host, values.listKeys(cursor), same),
  "[resource-drop]bucket": (self: Bucket) => self.drop(),
};

export const keyvalueStore: HostInterface<P2Host> = {
  name: "wasi:keyvalue/store",
  version: "0.2.0-draft",
  wit: `
    interface store {
      variant error {
        no-such-store,
        access-denied,
        other(string),
      }
      record key-response {
        keys: list<string>,
        cursor: option<u64>,
      }
      open: func(identifier: string) -> result<bucket, error>;
      resource bucket {
        get: func(key: string) -> result<option<list<u8>>, error>;
        set: func(key: string, value: list<u8>) -> result<_, error>;
        delete: func(key: string) -> result<_, error>;
        exists: func(key: string) -> result<bool, error>;
        list-keys: func(cursor: option<u64>) -> result<key-response, error>;
      }
    }`,
  blocking: [
    "open",
    "[method]bucket.get",
    "[method]bucket.set",
    "[method]bucket.delete",
    "[method]bucket.exists",
    "[method]bucket.list-keys",
  ],
  functions: (host) => ({ ...methods, open: (identifier: string) => open(host, identifier) }),
};

function open(host: P2Host, identifier: string): unknown {
  if (host.keyValue === undefined) return err({ tag: "access-denied", val: undefined });
  return answer(host, host.keyValue.open(identifier), (values) => new Bucket(host, values));
}

function same<T>(value: T): T {
  return value;
}
