import { WarrenError } from "../../base/errors.ts";
import { runGojs } from "../../engine/gojs.ts";
import { hasColour } from "../ui/style.ts";
import { endBySignal, signals } from "./end-process.ts";
import { exitCode } from "./exit-code.ts";
import type { Grants } from "./grants.ts";
import { memoryMaxDefault, type Run } from "./run-program.ts";
import { StandardInput, standardOutput } from "./standard-streams.ts";
import { isTerminal } from "./terminal.ts";

/** What can be granted and such a program has no use for, or nothing to be held by. */
const withoutEffect: readonly (readonly [flag: string, granted: (grants: Grants) => boolean])[] = [
  ["--cpu", ({ cpu }) => cpu !== undefined],
  ["--time", ({ timeMs }) => timeMs !== undefined],
  ["--net", ({ outbound, unix }) => outbound.length + unix.length > 0],
  ["--listen", ({ listen }) => listen.length > 0],
  ["--interactive", ({ interactive }) => interactive],
];

/** Runs a Go program for GOOS=js to its end; resolves with the exit code. Throws `run.gojs-flag` for what it cannot be given. */
export async function runGojsProgram(bytes: Uint8Array, { path, name, args, grants, json }: Run): Promise<number> {
  for (const [flag, granted] of withoutEffect)
    if (granted(grants))
      throw new WarrenError("run.gojs-flag", `${path} is Go for JavaScript hosts, for which there is no ${flag}`, {
        hint: "build it with `warren build`: such a program has a network and can be limited",
      });
  const output = (fd: 1 | 2): ((chunk: Uint8Array) => void) =>
    standardOutput(fd, {
      filter: isTerminal(fd) ? { colour: hasColour(fd === 1 ? process.stdout : process.stderr) } : undefined,
      onBroken: () => endBySignal(signals.brokenPipe),
    });
  const exit = await runGojs(bytes, {
    args: [name, ...args],
    env: grants.env,
    mounts: grants.mounts,
    stdin: new StandardInput(),
    stdout: output(1),
    stderr: output(2),
    memoryMax: grants.memoryMax ?? memoryMaxDefault,
  });
  return exitCode(path, exit, json);
}
