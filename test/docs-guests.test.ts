// What docs/guests.md says of languages other than Go, as it says it: the files that it shows, and each of its commands.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { cacheFolder } from "../src/cli/demo/build-example.ts";
import { findToolchain, type Language } from "../src/cli/demo/toolchain.ts";
import { requireToolchain } from "./guests/build.ts";
import { launcher } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

const root = join(import.meta.dirname, "..");
const text = readFileSync(join(root, "docs/guests.md"), "utf8");

interface Section {
  readonly files: readonly [name: string, content: string][];
  readonly commands: readonly string[];
  /** What the last command prints. */
  readonly output: string;
}

function section(title: string): Section {
  const [body = ""] = text.split(`\n## ${title}\n`)[1]?.split("\n## ") ?? [];
  const files = [...body.matchAll(/`([\w./]+)`:\n\n```\w+\n([\s\S]*?)```/g)];
  const [, commands = "", output = ""] = /```sh\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(body) ?? [];
  assert.ok(files.length > 0 || commands.startsWith("warren new "), `docs/guests.md has no program under ${title}`);
  return {
    files: files.map(([, name = "", content = ""]) => [name, content]),
    commands: commands.trim().split("\n"),
    output,
  };
}

/** A folder with what the section shows, in which `warren` and the compilers are on PATH. */
async function follow(t: TestContext, title: string, language: Language): Promise<void> {
  if (!(await requireToolchain(t, language))) return;
  const folder = mkdtempSync(join(tmpdir(), "warren-docs-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { files, commands, output } = section(title);
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "warren"), `#!/bin/sh\nexec '${launcher}' "$@"\n`, { mode: 0o755 });
  const env: NodeJS.ProcessEnv = { ...process.env, ...(await compilerEnv(language, folder)) };
  env.PATH = `${bin}:${process.env.PATH}`;
  const daemon = commands.some((line) => line.startsWith("warren deploy")) ? await TestDaemon.start(t) : undefined;
  if (daemon !== undefined) env.WARREN_HOST = `unix://${daemon.socket}`;
  let printed = "";
  for (const line of commands) {
    const [, host, path] = /^curl http:\/\/([\w.]+):8080(\S*)$/.exec(line) ?? [];
    if (host === undefined) printed = (await promisify(execFile)("bash", ["-c", line], { cwd: folder, env })).stdout;
    else if (daemon !== undefined) printed = (await ask(daemon.port, host, path)).text;
  }
  assert.equal(printed, output);
}

/** Debian's Rust has no library for WASI, and cargo is told to build it: what rustup's users have already. */
async function compilerEnv(language: Language, folder: string): Promise<NodeJS.ProcessEnv> {
  if (language !== "rust" || !existsSync(join(folder, "Cargo.toml"))) return {};
  const toolchain = await findToolchain("rust");
  assert.ok(toolchain.available && toolchain.compile !== undefined);
  const { command, args, env } = toolchain.compile({ source: folder, output: "", scratch: cacheFolder(), flags: [] });
  symlinkSync(command, join(folder, "bin", "cargo"));
  const { CARGO_TARGET_DIR: target = "", CARGO_TARGET_WASM32_WASIP1_LINKER: linker, ...rest }: NodeJS.ProcessEnv = env;
  // What only the product is linked with; as a flag for all, the library would be built once more.
  const linking = args.filter((arg) => arg.startsWith("-Clink-arg=")).map((arg) => arg.slice("-Clink-arg=".length));
  if (linker !== undefined) {
    const path = join(folder, "bin", "wasm-linker");
    writeFileSync(path, `#!/bin/sh\nexec '${linker}' "$@" ${linking.join(" ")}\n`, { mode: 0o755 });
    rest.CARGO_TARGET_WASM32_WASIP1_LINKER = path;
  }
  mkdirSync(target, { recursive: true });
  symlinkSync(target, join(folder, "target"));
  const library = args.find((arg) => arg.startsWith("-Zbuild-std="))?.slice("-Zbuild-std=".length);
  return { ...rest, ...(library === undefined ? {} : { CARGO_UNSTABLE_BUILD_STD: library }) };
}

for (const [title, language] of [
  ["Rust", "rust"],
  ["A handler in Rust", "rust"],
  ["TypeScript and JavaScript", "typescript"],
  ["C", "c"],
  ["A handler in C", "c"],
  ["C++", "cpp"],
  ["Python", "python"],
] as const) {
  test(`docs/guests.md: ${title}`, (t) => follow(t, title, language));
}
