import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { isTerminal } from "../standard-streams.ts";
import { Terminal } from "../terminal.ts";

export const terminalStdin: HostInterface<P2Host> = {
  name: "wasi:cli/terminal-stdin",
  version: "0.2",
  wit: `
    interface terminal-stdin {
      use wasi:cli/terminal-input.{terminal-input};
      get-terminal-stdin: func() -> option<terminal-input>;
    }`,
  blocking: [],
  functions: (host) => ({ "get-terminal-stdin": () => (isTerminal(host, "stdin") ? new Terminal(host) : undefined) }),
};
