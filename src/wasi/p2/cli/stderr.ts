import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { standardOutput } from "../standard-streams.ts";

export const stderr: HostInterface<P2Host> = {
  name: "wasi:cli/stderr",
  version: "0.2",
  wit: `
    interface stderr {
      use wasi:io/streams.{output-stream};
      get-stderr: func() -> output-stream;
    }`,
  blocking: [],
  functions: (host) => ({ "get-stderr": () => standardOutput(host, "stderr") }),
};
