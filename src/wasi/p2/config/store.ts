import type { HostInterface } from "../../../component/host.ts";
import { splitVariable } from "../cli/environment.ts";
import type { P2Host } from "../host.ts";
import { ok } from "../result.ts";

/** The variables that the guest was granted, by their names. */
export const configStore: HostInterface<P2Host> = {
  name: "wasi:config/store",
  version: "0.2.0-rc.1",
  wit: `
    interface store {
      variant error {
        upstream(string),
        io(string),
      }
      get: func(key: string) -> result<option<string>, error>;
      get-all: func() -> result<list<tuple<string, string>>, error>;
    }`,
  blocking: [],
  functions: ({ env }) => ({
    get: (key: string) => ok(env.map(splitVariable).find(([name]) => name === key)?.[1]),
    "get-all": () => ok(env.map(splitVariable)),
  }),
};
