import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { standardInput } from "../standard-streams.ts";

export const stdin: HostInterface<P2Host> = {
  name: "wasi:cli/stdin",
  version: "0.2",
  wit: `
    interface stdin {
      use wasi:io/streams.{input-stream};
      get-stdin: func() -> input-stream;
    }`,
  blocking: [],
  functions: (host) => ({ "get-stdin": () => standardInput(host) }),
};
