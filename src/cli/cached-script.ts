import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { constants, Script } from "node:vm";
import { resetGuestStack } from "../engine/guest-stack.ts";
import { cacheFolder } from "./compile-cache.ts";
import { readPrivateFile, writePrivateFile } from "./private-folder.ts";
import { programDigest } from "./run/program-digest.ts";

const digestCharacters = 64;
/** Of scripts that were: each build of a checkout makes two others. */
const keptMax = 8;
const keptName = /^v[0-9.]+-[a-z0-9]+-[0-9a-f]+$/;

export interface CachedScript {
  /** The expression of a function that takes `require` and `__dirname`, in ASCII. */
  readonly path: string;
  /** Of its text: whatever has another is another script. */
  readonly digest: string;
}

/**
 * Runs a script by the code that V8 made of it the last time, down to the functions that were called then. Node's compile cache has
 * the code of a file as it was when it was loaded, before any of its functions was compiled: those would be compiled at each start, which
 * takes a quarter of it.
 */
export function runCachedScript({ path, digest }: CachedScript, folder: string | undefined = cacheFolder()): void {
  const kept = folder === undefined ? undefined : join(folder, `${process.version}-${process.arch}-${digest}`);
  const cachedData = kept === undefined ? undefined : readKept(kept);
  const script = new Script(readFileSync(path, "latin1"), {
    filename: path,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (kept !== undefined && script.cachedDataRejected !== false)
    process.once("exit", () => {
      // V8 takes code only under the flags that it was made under.
      resetGuestStack();
      keep(kept, script.createCachedData());
    });
  const run = script.runInThisContext() as (require: NodeJS.Require, dirname: string) => void;
  run(createRequire(path), dirname(path));
}

/** V8 does not look whether what it is given is whole. */
function readKept(path: string): Buffer | undefined {
  const kept = readPrivateFile(path)?.bytes;
  const code = kept?.subarray(digestCharacters);
  return code !== undefined && kept?.toString("latin1", 0, digestCharacters) === programDigest(code) ? code : undefined;
}

function keep(path: string, code: Buffer): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writePrivateFile(path, Buffer.concat([Buffer.from(programDigest(code)), code]));
    forgetOldest(dirname(path));
  } catch {
    // The next start makes it anew.
  }
}

function forgetOldest(folder: string): void {
  const kept = readdirSync(folder)
    .filter((name) => keptName.test(name))
    .map((name) => join(folder, name))
    .map((path) => ({ path, at: statSync(path).mtimeMs }));
  for (const { path } of kept.sort((a, b) => b.at - a.at).slice(keptMax)) rmSync(path, { force: true });
}
