import { closeSync, openSync, readSync } from "node:fs";
import { basename, join } from "node:path";
import { isComponent } from "../../component/preamble.ts";
import { runCachedScript } from "../cached-script.ts";
import { findInstalled } from "../install/installed.ts";
import { endProcess } from "./end-process.ts";
import { explain } from "./explain.ts";
import type { RunFlags } from "./flags.ts";
import { type GrantWords, joinWords, resolveWords, wordsOfFlags } from "./grants.ts";
import { runProgram } from "./run-program.ts";

/** Of the file that runs components too, in one that does not (tools/build.ts). */
declare const componentRunDigest: string | undefined;

export interface RunCommand {
  /** A file, or the name of an installed program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly flags: RunFlags;
  /** Granted besides, by files. */
  readonly more?: readonly GrantWords[];
}

/** What `warren run` does once its command line is read. With a program's end the process ends. */
export async function runCommand({ program, args, flags, more = [] }: RunCommand): Promise<void> {
  const installed = findInstalled(program);
  const words = [...(installed === undefined ? [] : [installed.grants]), ...more, wordsOfFlags(flags)];
  const grants = resolveWords(joinWords(words));
  const path = installed?.path ?? program;
  if (typeof componentRunDigest !== "undefined" && isComponentFile(path)) {
    runCachedScript({ path: join(import.meta.dirname, "component-run.cjs"), digest: componentRunDigest });
    return;
  }
  const json = flags.json ?? false;
  if (flags.explain) {
    const text = json
      ? JSON.stringify({ program: path, args, ...grants }, null, 2)
      : explain({ program: path, args, grants });
    process.stdout.write(`${text}\n`);
    return;
  }
  if (flags.verbose) process.stderr.write(`${explain({ program: path, args, grants })}\n`);
  const name = installed?.name ?? basename(program);
  endProcess(await runProgram({ path, name, args, grants, digest: installed?.digest, json }));
}

/** What cannot be read is told of by whoever runs it. */
function isComponentFile(path: string): boolean {
  try {
    const fd = openSync(path, "r");
    try {
      const head = new Uint8Array(8);
      return readSync(fd, head) === head.length && isComponent(head);
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}
