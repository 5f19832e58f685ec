// npm's esbuild-wasm, a Go program for JavaScript hosts, bundles by `warren run` what its native build does, byte for byte.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { buildSync } from "esbuild";
import { warren } from "./support/cli.ts";

const packages = join(import.meta.dirname, "../node_modules");
const program = join(packages, "esbuild-wasm/esbuild.wasm");
const folder = mkdtempSync(join(tmpdir(), "warren-esbuild-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const project: Readonly<Record<string, string>> = {
  "src/app.tsx": `import { sum } from "./math";
import settings from "./settings.json";
import "./style.css";
import { Kind } from "shapes";
declare function h(name: string, props: object | null, ...children: unknown[]): unknown;
export const view = <p title={settings.title}>{sum(1, 2)} {Kind.round}</p>;
void import("./later").then(({ later }) => later?.());
`,
  "src/math.ts":
    "export const sum = (...all: number[]): number => all.reduce((a, b) => a + b, 0);\nexport const unused = 1;\n",
  "src/later.ts": 'import { sum } from "./math";\nexport const later = (): string => "grüße" + sum(3);\n',
  "src/settings.json": '{ "title": "größer", "list": [1, 2, null] }\n',
  "src/style.css": "@import './base.css';\np { color: #ff0000; & b { margin: 0px } }\n",
  "src/base.css": "body { font: 12px sans-serif }\n",
  "node_modules/shapes/package.json": '{ "name": "shapes", "main": "./lib/index.js", "sideEffects": false }\n',
  "node_modules/shapes/lib/index.js": 'exports.Kind = { round: "round" };\n',
  "tsconfig.json": '{ "compilerOptions": { "jsx": "react", "jsxFactory": "h", "target": "es2020" } }\n',
};

/** What both are asked for, as the command line has it and as the native build's function does. */
const cases: readonly (readonly [name: string, flags: readonly string[], options: Parameters<typeof buildSync>[0]])[] =
  [
    ["one file", ["--outdir=out"], { outdir: "out" }],
    [
      "minified, with a source map",
      ["--outdir=out", "--minify", "--sourcemap"],
      { outdir: "out", minify: true, sourcemap: true },
    ],
    [
      "split into modules that are named by their content",
      ["--outdir=out", "--format=esm", "--splitting", "--entry-names=[name]-[hash]"],
      { outdir: "out", format: "esm", splitting: true, entryNames: "[name]-[hash]" },
    ],
  ];

for (const [name, flags, options] of cases) {
  test(`esbuild-wasm bundles as native esbuild: ${name}`, async () => {
    const ours = mkdtempSync(join(folder, "ours-"));
    for (const [path, text] of Object.entries(project)) {
      mkdirSync(join(ours, dirname(path)), { recursive: true });
      writeFileSync(join(ours, path), text);
    }
    const natives = mkdtempSync(join(folder, "native-"));
    cpSync(ours, natives, { recursive: true });
    buildSync({
      ...options,
      absWorkingDir: natives,
      entryPoints: ["src/app.tsx"],
      bundle: true,
      logLevel: "silent",
    });

    const ended = await warren(undefined, ["run", "--rw", ".", program, "src/app.tsx", "--bundle", ...flags], {
      cwd: ours,
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(contents(join(ours, "out")), contents(join(natives, "out")));
  });
}

function contents(path: string): Record<string, string> {
  const names = readdirSync(path).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name), "utf8")]));
}
