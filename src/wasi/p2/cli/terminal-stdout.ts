import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import { isTerminal } from "../standard-streams.ts";
import { Terminal } from "../terminal.ts";

export const terminalStdout: HostInterface<P2Host> = {
  name: "wasi:cli/terminal-stdout",
  version: "0.2",
  wit: `
    interface terminal-stdout {
      use wasi:cli/terminal-output.{terminal-output};
      get-terminal-stdout: func() -> option<terminal-output>;
    }`,
  blocking: [],
  functions: (host) => ({ "get-terminal-stdout": () => (isTerminal(host, "stdout") ? new Terminal(host) : undefined) }),
};
