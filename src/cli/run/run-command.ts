import { endProcess } from "./end-process.ts";
import { explain } from "./explain.ts";
import type { RunFlags } from "./flags.ts";
import { type GrantWords, joinWords, resolveWords, wordsOfFlags } from "./grants.ts";
import { runProgram } from "./run-program.ts";

export interface RunCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly flags: RunFlags;
  /** Granted besides, by files. */
  readonly more?: readonly GrantWords[];
}

/** What `warren run` does once its command line is read. With a program's end the process ends. */
export async function runCommand({ program, args, flags, more = [] }: RunCommand): Promise<void> {
  const grants = resolveWords(joinWords([...more, wordsOfFlags(flags)]));
  const interactive = flags.interactive ?? false;
  const json = flags.json ?? false;
  if (flags.explain) {
    const text = json
      ? JSON.stringify({ program, args, ...grants, interactive }, null, 2)
      : explain({ program, args, grants, interactive });
    process.stdout.write(`${text}\n`);
    return;
  }
  if (flags.verbose) process.stderr.write(`${explain({ program, args, grants, interactive })}\n`);
  endProcess(await runProgram({ path: program, args, grants, interactive, json }));
}
