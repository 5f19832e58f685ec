import { existsSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import { languageOf } from "../demo/build-example.ts";
import type { Language } from "../demo/toolchain.ts";

/** What is to be compiled. */
export interface Project {
  readonly language: Language;
  /** Where the compiler runs. */
  readonly folder: string;
  /** The one file of it, where that was named. */
  readonly entry?: string;
  /** What the program is called. */
  readonly name: string;
}

const suffixes: Readonly<Record<string, Language>> = {
  ".go": "go",
  ".c": "c",
  ".cpp": "cpp",
  ".cc": "cpp",
  ".ts": "typescript",
  ".tsx": "typescript",
  ".js": "typescript",
  ".mjs": "typescript",
};

/**
 * Tells a target's language by a file's name or by what a folder holds, unless `language` says it. What is neither file nor folder is an
 * import path of Go. Throws `build.unknown-language`.
 */
export function findProject(target: string, language?: Language): Project {
  const path = resolve(target);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return { language: language ?? languageOfFolder(path), folder: path, name: basename(path) };
  const suffix = extname(target);
  const ofFile = language ?? suffixes[suffix];
  if (ofFile !== undefined && found !== undefined)
    return { language: ofFile, folder: dirname(path), entry: basename(path), name: basename(path, suffix) };
  const folder = process.cwd();
  // `go build` also takes import paths.
  if (language === "go" || (suffix === "" && hasGoModule(folder)))
    return { language: "go", folder, entry: target, name: basename(target) };
  if (found === undefined) throw new WarrenError("build.no-source", `${path} is not there`);
  throw unknown(path);
}

function languageOfFolder(folder: string): Language {
  try {
    return languageOf(folder);
  } catch (error) {
    if (!(error instanceof WarrenError) || error.code !== "example.unknown-language") throw error;
    if (hasGoModule(folder)) return "go";
    throw unknown(folder);
  }
}

function unknown(path: string): WarrenError {
  return new WarrenError("build.unknown-language", `${path} does not tell its language`, {
    hint: "a folder has a go.mod, Cargo.toml, package.json, *.c or *.cpp, a file ends in .go, .ts, .js, .c or .cpp; or say --go, --rust, --js, --c",
  });
}

function hasGoModule(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "go.mod")) || existsSync(join(at, "go.work"))) return true;
    if (at === dirname(at)) return false;
  }
}
