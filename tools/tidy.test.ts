// The rules of the source tree that no linter knows. Changing one is a decision: change it here, where it is seen.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const linesMax = 600;

/** Which folders of src/ a folder may import from, besides itself. */
const mayImport: Record<string, readonly string[]> = {
  base: [],
  wasm: ["base"],
  component: ["base", "wasm"],
  wasi: ["base", "component"],
  engine: ["base", "wasm", "component", "wasi"],
  net: ["base"],
  worker: ["base", "net", "engine", "wasi"],
  store: ["base"],
  registry: ["base", "store"],
  control: ["base"],
  daemon: ["base", "store", "registry", "control"],
  nomad: ["base", "control"],
  cli: ["base", "control", "daemon", "nomad", "engine", "wasi", "wasm", "component"],
};

/** Single files that a folder may import although their folder is closed to it. */
const mayImportFile: Record<string, readonly string[]> = {
  daemon: ["worker/protocol.ts", "engine/check/protocol.ts", "engine/check/prepared-kind.ts"],
};

/** Modules that only one file may import. */
const onlyIn: Record<string, readonly string[]> = {
  "node:ffi": ["src/base/libc.ts"],
  // It does not confine a guest that can make symbolic links.
  "node:wasi": [],
};

interface Import {
  readonly specifier: string;
  readonly line: number;
}

const importPattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bgetBuiltinModule\s*\(\s*|\brequire\s*\(\s*)(["'])([^"'\n]+)\1/g;

function importsOf(text: string): Import[] {
  return [...text.matchAll(importPattern)].map((match) => ({
    specifier: match[2] ?? "",
    line: text.slice(0, match.index).split("\n").length,
  }));
}

const source = globSync("src/**/*.ts", { cwd: root }).sort();
const all = globSync(["{src,tools,test,bench,sdk,console}/**/*.ts"], {
  cwd: root,
  exclude: (path) => path.includes("node_modules") || path.includes("fixtures"),
}).sort();

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Tests may read the data and the tools outside src/, which its code cannot find once it runs from dist/. */
function isTest(path: string): boolean {
  return /\.(test|suite|fuzz)\.ts$/.test(path);
}

function check(problems: readonly string[], rule: string): void {
  assert.ok(problems.length === 0, `${rule}\n  ${problems.join("\n  ")}`);
}

test("folders of src/ import only from the folders they may", () => {
  const problems: string[] = [];
  for (const path of source) {
    const folder = path.split("/")[1] ?? "";
    const allowed = mayImport[folder];
    if (allowed === undefined) {
      problems.push(`${path}: src/${folder} is not a known folder; name it and its imports in tools/tidy.test.ts`);
      continue;
    }
    for (const { specifier, line } of importsOf(read(path))) {
      if (!specifier.startsWith(".")) continue;
      const target = normalize(join(dirname(path), specifier));
      const to = target.split("/")[1] ?? "";
      if (!target.startsWith("src/")) {
        if (!isTest(path)) problems.push(`${path}:${line}: imports ${target}, which is outside src/`);
      } else if (
        to !== folder &&
        !allowed.includes(to) &&
        !mayImportFile[folder]?.includes(target.slice("src/".length))
      ) {
        problems.push(
          `${path}:${line}: src/${folder} may not import from src/${to} (${specifier}); it may from: ${allowed.join(", ") || "nothing"}`,
        );
      }
    }
  }
  check(problems, "The import directions of src/ are broken:");
});

test("relative imports name an existing .ts file", () => {
  const known = new Set(all);
  const problems: string[] = [];
  for (const path of source) {
    for (const { specifier, line } of importsOf(read(path))) {
      if (!specifier.startsWith(".")) continue;
      const target = normalize(join(dirname(path), specifier));
      if (target.endsWith(".json")) continue;
      if (!known.has(target)) problems.push(`${path}:${line}: ${specifier} is not a source file`);
    }
  }
  check(problems, "Imports that dist/ could not follow:");
});

test(`no file is longer than ${linesMax} lines`, () => {
  const problems = all
    .map((path) => ({ path, lines: read(path).split("\n").length - 1 }))
    .filter(({ lines }) => lines > linesMax);
  check(
    problems.map(({ path, lines }) => `${path}: ${lines} lines`),
    "Files that hold more than one concept; split them:",
  );
});

test("file and folder names are kebab-case", () => {
  const problems = all.filter((path) =>
    path.split("/").some((part) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|suite|fuzz|config|d))?(\.ts)?$/.test(part)),
  );
  check(problems, "Names that are not kebab-case:");
});

test("restricted modules are imported only where they may be", () => {
  const problems: string[] = [];
  for (const path of all) {
    for (const { specifier, line } of importsOf(read(path))) {
      const allowed = onlyIn[specifier];
      if (allowed !== undefined && !allowed.includes(path)) {
        problems.push(
          `${path}:${line}: ${specifier} may be imported ${allowed.length > 0 ? `only in ${allowed.join(", ")}` : "nowhere"}`,
        );
      }
    }
  }
  check(problems, "Imports of restricted modules:");
});
