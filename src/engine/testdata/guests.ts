import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

// Guests of a few lines, built from their source in the test. They are kept by the hash of source and command.
const folder = join(tmpdir(), `warren-engine-guests-${process.getuid?.() ?? 0}`);

/** A module from WebAssembly text. */
export async function wat(text: string): Promise<Uint8Array> {
  // Not a static import: it takes half a second to load.
  const { default: binaryen } = await import("binaryen");
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  try {
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

interface Compiler {
  readonly command: string;
  readonly version: readonly string[];
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  arguments(source: string, output: string): string[];
}

const compilers = {
  c: {
    command: "clang-19",
    version: ["--version"],
    file: "main.c",
    env: {},
    arguments: (source, output) => ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", source, "-o", output],
  },
  go: {
    command: "go",
    version: ["version"],
    file: "main.go",
    env: { GOOS: "wasip1", GOARCH: "wasm" },
    arguments: (source, output) => ["build", "-ldflags=-s -w", "-o", output, source],
  },
} as const satisfies Record<string, Compiler>;

/** A module from source text; undefined when the compiler is missing, and the test is skipped then. */
export function build(t: TestContext, language: keyof typeof compilers, text: string): Uint8Array | undefined {
  const compiler: Compiler = compilers[language];
  if (spawnSync(compiler.command, [...compiler.version]).status !== 0) {
    const reason = `${compiler.command} is not installed`;
    if (process.env.WARREN_TOOLCHAINS === "required") throw new Error(reason);
    t.skip(reason);
    return undefined;
  }
  const hash = createHash("sha256")
    .update(JSON.stringify([compiler.command, compiler.arguments("", ""), text]))
    .digest("hex");
  const work = join(folder, hash.slice(0, 16));
  const output = join(work, "main.wasm");
  if (!existsSync(output)) {
    mkdirSync(work, { recursive: true });
    const source = join(work, compiler.file);
    writeFileSync(source, text);
    // Another test may be at it too: the file appears whole.
    const made = join(work, `main-${process.pid}.wasm`);
    execFileSync(compiler.command, compiler.arguments(source, made), {
      env: { ...process.env, ...compiler.env },
      cwd: work,
    });
    renameSync(made, output);
  }
  return readFileSync(output);
}
