import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { Terminal } from "../terminal.ts";

const functions = { "[resource-drop]terminal-output": (self: Terminal) => self.drop() };

export const terminalOutput: HostInterface<P2Host> = {
  name: "wasi:cli/terminal-output",
  version: "0.2",
  wit: `
    interface terminal-output {
      resource terminal-output;
    }`,
  blocking: [],
  functions: () => functions,
};
