import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { standardOutput } from "../standard-streams.ts";

export const stdout: HostInterface<P2Host> = {
  name: "wasi:cli/stdout",
  version: "0.2",
  wit: `
    interface stdout {
      use wasi:io/streams.{output-stream};
      get-stdout: func() -> output-stream;
    }`,
  blocking: [],
  functions: (host) => ({ "get-stdout": () => standardOutput(host, "stdout") }),
};
