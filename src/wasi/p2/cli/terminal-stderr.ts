import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { isTerminal } from "../standard-streams.ts";
import { Terminal } from "../terminal.ts";

export const terminalStderr: HostInterface<P2Host> = {
  name: "wasi:cli/terminal-stderr",
  version: "0.2",
  wit: `
    interface terminal-stderr {
      use wasi:cli/terminal-output.{terminal-output};
      get-terminal-stderr: func() -> option<terminal-output>;
    }`,
  blocking: [],
  functions: (host) => ({ "get-terminal-stderr": () => (isTerminal(host, "stderr") ? new Terminal(host) : undefined) }),
};
