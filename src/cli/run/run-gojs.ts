import { basename } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import { runGojs } from "../../engine/gojs.ts";
import type { Refusal } from "../../wasi/sockets/dialler.ts";
import { hasColour } from "../ui/style.ts";
import { endBySignal, signals } from "./end-process.ts";
import { exitCode } from "./exit-code.ts";
import type { Grants } from "./grants.ts";
import { LastWords } from "./last-words.ts";
import { memoryMaxDefault, type Run, refusalsMax, reportMissing, reportTimeOver, wayOut } from "./run-program.ts";
import { StandardInput, standardOutput } from "./standard-streams.ts";
import { isTerminal } from "./terminal.ts";

/** What can be granted and such a program has no use for, or nothing to be held by. */
const withoutEffect: readonly (readonly [flag: string, granted: (grants: Grants) => boolean])[] = [
  ["--net unix:", ({ unix }) => unix.length > 0],
  ["--listen", ({ listen }) => listen.length > 0],
  ["--interactive", ({ interactive }) => interactive],
];

/** Runs a Go program for GOOS=js to its end; resolves with the exit code. Throws `run.gojs-flag` for what it cannot be given. */
export async function runGojsProgram(bytes: Uint8Array, run: Run): Promise<number> {
  const { path, name, args, grants, json } = run;
  for (const [flag, granted] of withoutEffect)
    if (granted(grants))
      throw new WarrenError("run.gojs-flag", `${path} is Go for JavaScript hosts, for which there is no ${flag}`, {
        hint: "build it with `warren build`: such a program can listen",
      });
  const output = (fd: 1 | 2): ((chunk: Uint8Array) => void) =>
    standardOutput(fd, {
      filter: isTerminal(fd) ? { colour: hasColour(fd === 1 ? process.stdout : process.stderr) } : undefined,
      onBroken: () => endBySignal(signals.brokenPipe),
    });
  const lastWords = new LastWords();
  const network: Refusal[] = [];
  const errors = output(2);
  const exit = await runGojs(bytes, {
    args: [name, ...args],
    env: grants.env,
    mounts: grants.mounts,
    stdin: new StandardInput(),
    stdout: output(1),
    stderr: (chunk) => {
      lastWords.push(chunk);
      errors(chunk);
    },
    ...(grants.outbound.length > 0 ? { outbound: await wayOut(grants) } : {}),
    onRefused: (refusal) => {
      if (network.length < refusalsMax) network.push(refusal);
    },
    memoryMax: grants.memoryMax ?? memoryMaxDefault,
    timeMsMax: grants.timeMs,
    cores: grants.cpu,
  });
  if (exit.kind === "killed") return reportTimeOver(run);
  const code = exitCode(path, exit, json);
  if (code !== 0) {
    // What its memory was at the end nobody knows any more.
    const failure = { args, grants, network, lastWords: lastWords.text(), memoryBytes: 0 };
    await reportMissing(basename(name, ".wasm"), failure, json);
  }
  return code;
}
