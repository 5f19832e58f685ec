import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { WitResult } from "../result.ts";

export const exit: HostInterface<P2Host> = {
  name: "wasi:cli/exit",
  version: "0.2",
  wit: `
    interface exit {
      exit: func(status: result);
      exit-with-code: func(status-code: u8);
    }`,
  blocking: [],
  functions: (host) => ({
    exit: ({ tag }: WitResult<undefined, undefined>) => host.exit(tag === "ok" ? 0 : 1),
    "exit-with-code": (code: number) => host.exit(code),
  }),
};
