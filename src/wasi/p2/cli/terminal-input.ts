import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";
import type { Terminal } from "../terminal.ts";

const functions = { "[resource-drop]terminal-input": (self: Terminal) => self.drop() };

export const terminalInput: HostInterface<P2Host> = {
  name: "wasi:cli/terminal-input",
  version: "0.2",
  wit: `
    interface terminal-input {
      resource terminal-input;
    }`,
  blocking: [],
  functions: () => functions,
};
