// Makes dist/ from src/: types are stripped in place, so lines and columns stay those of the source and no source maps
// are needed. What is started most is made into one file besides (src/cli/start.ts says why). Only outputs that differ in time from their source are written; outputs without a source are removed.
// Several builds may run at once, and programs may start from dist/ meanwhile: each file appears whole, by rename.

import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";

const root = join(import.meta.dirname, "..");
const source = join(root, "src");
const output = join(root, "dist");
const stamp = join(output, ".built");
const unfinished = join(output, `.writing-${process.pid}`);

/** `./x.ts` in a relative import becomes `./x.js`, the name it has in dist/. */
const relativeImport = /((?:from|import)\s*\(?\s*["']\.{1,2}\/[^"'\n]*)\.ts(["'])/g;

const onlyForTests = /\.(test|suite|fuzz)\.ts$|(^|\/)testdata(\/|$)/;

/** Writes a whole file or nothing, with the time of what it was made from. */
function publish(path: string, content: string | Uint8Array, time: Date): void {
  writeFileSync(unfinished, content);
  utimesSync(unfinished, time, time);
  renameSync(unfinished, path);
}

/** utimes takes milliseconds, file systems keep nanoseconds. */
function sameTime(path: string, time: Date): boolean {
  const state = statSync(path, { throwIfNoEntry: false });
  return state !== undefined && Math.abs(state.mtimeMs - time.getTime()) < 1;
}

// The stamp carries the time before the scan: a file saved during the build is newer than it and is built next time.
const startedAt = new Date();
const builder = statSync(import.meta.filename).mtimeMs;
const previous = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const everything = previous < builder;
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const expected = new Set<string>();

mkdirSync(output, { recursive: true });
for (const name of globSync("**/*", { cwd: source })) {
  if (onlyForTests.test(name)) continue;
  const from = join(source, name);
  const state = statSync(from, { throwIfNoEntry: false });
  if (state === undefined || state.isDirectory()) continue;
  const to = join(output, name.replace(/\.ts$/, ".js"));
  expected.add(to);
  if (!everything && sameTime(to, state.mtime)) continue;
  mkdirSync(dirname(to), { recursive: true });
  const bytes = readFileSync(from);
  if (!name.endsWith(".ts")) {
    publish(to, bytes, state.mtime);
    continue;
  }
  let text: string;
  try {
    text = stripTypeScriptTypes(bytes.toString("utf8"), { mode: "strip" });
  } catch (error) {
    console.error(`src/${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  publish(to, text.replace(relativeImport, "$1.js$2"), state.mtime);
}
// All that components need is half as much again: programs that are none start without it.
const componentRun = script("plain-run");
const plainRun = script("plain-run", { componentRunDigest: digestOf(componentRun) }, ["./component/*"]);
for (const [name, text] of [
  ["component-run", componentRun],
  ["plain-run", plainRun],
  ["start", bundled("start", { plainRunDigest: digestOf(plainRun) })],
] as const) {
  const path = join(output, `cli/${name}.cjs`);
  expected.add(path);
  publish(path, text, startedAt);
}

// Names with a leading dot are the stamp, the compile cache and files being written.
for (const name of globSync("**/*", { cwd: output })) {
  const path = join(output, name);
  if (name.startsWith(".") || expected.has(path)) continue;
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) rmSync(path, { force: true });
}
publish(stamp, "", startedAt);

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** What `runCachedScript` runs. It is read as Latin-1, a byte a character. */
function script(name: string, constants?: Readonly<Record<string, string>>, without?: readonly string[]): string {
  const text = `(function (require, __dirname) {${bundled(name, constants, without)}\n})`;
  if (Buffer.byteLength(text) > text.length) throw new Error(`${name}.ts has more than ASCII in a regular expression`);
  return text;
}

/** CommonJS, which Node starts some 10 ms sooner than a module: the loader for that is in its snapshot. */
function bundled(
  name: string,
  constants: Readonly<Record<string, string>> = {},
  without: readonly string[] = [],
): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(source, `cli/${name}.ts`)],
    bundle: true,
    platform: "node",
    format: "cjs",
    target: `node${process.versions.node}`,
    // Not part of the file, with all that only they import.
    external: ["./main.ts", "./plain-run.ts", ...without],
    // The bundle lies as deep as the modules that look for the package's folder.
    inject: [join(source, "cli/run/quick-clock.ts")],
    define: {
      "performance.now": "quickNow",
      "import.meta.dirname": "__dirname",
      builtVersion: JSON.stringify(version),
      ...Object.fromEntries(Object.entries(constants).map(([key, value]) => [key, JSON.stringify(value)])),
    },
    minifyWhitespace: true,
    write: false,
    logLevel: "error",
  });
  return (outputFiles[0]?.text ?? "").replace(relativeImport, "$1.js$2");
}
