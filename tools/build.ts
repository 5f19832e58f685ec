// Makes dist/ from src/: types are stripped in place, so lines and columns stay those of the source and no source maps
// are needed. Only files newer than their output are written; outputs without a source are removed.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const source = join(root, "src");
const output = join(root, "dist");
const stamp = join(output, ".built");

/** `./x.ts` in a relative import becomes `./x.js`, the name it has in dist/. */
const relativeImport = /((?:from|import)\s*\(?\s*["']\.{1,2}\/[^"'\n]*)\.ts(["'])/g;

// The stamp carries the time before the scan: a file saved during the build is newer than it and is built next time.
const startedAt = new Date();
const expected = new Set<string>([stamp]);
for (const name of globSync("**/*", { cwd: source, exclude: (path) => /\.(test|suite|fuzz)\.ts$/.test(path) })) {
  const from = join(source, name);
  const state = statSync(from);
  if (state.isDirectory()) continue;
  const to = join(output, name.replace(/\.ts$/, ".js"));
  expected.add(to);
  if (existsSync(to) && statSync(to).mtimeMs > state.mtimeMs) continue;
  mkdirSync(dirname(to), { recursive: true });
  if (name.endsWith(".ts")) {
    const text = stripTypeScriptTypes(readFileSync(from, "utf8"), { mode: "strip" });
    writeFileSync(to, text.replace(relativeImport, "$1.js$2"));
  } else {
    writeFileSync(to, readFileSync(from));
  }
}
for (const name of globSync("**/*", { cwd: output })) {
  const path = join(output, name);
  if (!expected.has(path) && !name.startsWith(".") && existsSync(path) && !statSync(path).isDirectory()) rmSync(path);
}
mkdirSync(output, { recursive: true });
writeFileSync(stamp, "");
utimesSync(stamp, startedAt, startedAt);
