import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "../../src/cli/demo/build-example.ts";
import { findPackage } from "../../src/cli/demo/toolchains/npm-package.ts";

const here = join(import.meta.dirname, "ruby-cgi");

/** The folder to mount as /app; it holds hello.rb. */
export const rubyScripts: string = join(here, "app");

/**
 * Ruby as a command, 16 MB without its library: run it with the arguments `--disable=gems`, `/app/hello.rb`. What npm has is a
 * library with imports of its own, so three small modules are merged with it; that takes ten seconds, once.
 */
export async function buildRuby(): Promise<string> {
  const ruby = findPackage("@ruby/3.4-wasm-wasi");
  const binaryen = findPackage("binaryen");
  if (ruby === undefined || binaryen === undefined)
    throw new Error("run npm ci: Ruby's package or binaryen is missing");
  const parts: [file: string, module: string][] = [
    [join(ruby.folder, "dist", "ruby.wasm"), "ruby"],
    [join(here, "command.wat"), "command"],
    [join(here, "host.wat"), "rb-js-abi-host"],
    [join(here, "canonical-abi.wat"), "canonical_abi"],
  ];
  const hash = createHash("sha256").update(`${ruby.version} ${binaryen.version}`);
  for (const [file] of parts.slice(1)) hash.update(await readFile(file));
  const folder = cacheFolder();
  const program = join(folder, `ruby-cgi-${hash.digest("hex").slice(0, 16)}.wasm`);
  if (existsSync(program)) return program;
  await mkdir(folder, { recursive: true });
  const output = join(folder, `.ruby-cgi-${randomUUID()}.wasm`);
  try {
    const merge = join(binaryen.folder, "bin", "wasm-merge");
    await promisify(execFile)(process.execPath, [merge, "--all-features", ...parts.flat(), "-o", output]);
    await rename(output, program);
  } finally {
    await rm(output, { force: true });
  }
  return program;
}
