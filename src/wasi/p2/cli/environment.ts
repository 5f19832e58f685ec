import type { HostInterface } from "../../../component/host.ts";
import type { P2Host } from "../host.ts";

export const environment: HostInterface<P2Host> = {
  name: "wasi:cli/environment",
  version: "0.2",
  wit: `
    interface environment {
      get-environment: func() -> list<tuple<string, string>>;
      get-arguments: func() -> list<string>;
      initial-cwd: func() -> option<string>;
    }`,
  blocking: [],
  functions: ({ args, env, initialCwd }) => ({
    "get-environment": () => env.map(splitVariable),
    "get-arguments": () => args,
    "initial-cwd": () => initialCwd,
  }),
};

/** Of `NAME=value`; a name has no `=`. */
export function splitVariable(variable: string): [name: string, value: string] {
  const at = variable.indexOf("=");
  return at < 0 ? [variable, ""] : [variable.slice(0, at), variable.slice(at + 1)];
}
