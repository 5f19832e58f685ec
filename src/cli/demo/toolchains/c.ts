import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Toolchain } from "../toolchain.ts";
import { capture, findExecutable, isExecutable, llvmNames } from "./executable.ts";

interface Dialect {
  /** Of its compiler: clang-19 is clang++-19 for C++. */
  readonly compiler: "clang" | "clang++";
  readonly flags: readonly string[];
  readonly suffix: string;
  readonly trial: string;
  readonly install: string;
}

const install =
  "install the WASI SDK (https://github.com/WebAssembly/wasi-sdk) and set WASI_SDK_PATH, or on Debian: apt install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32";

const c: Dialect = {
  compiler: "clang",
  flags: [],
  suffix: ".c",
  trial: '#include <stdio.h>\nint main(void) { puts(""); return 0; }\n',
  install,
};

const cpp: Dialect = {
  compiler: "clang++",
  // Neither has the library for exceptions.
  flags: ["-std=c++20", "-fno-exceptions"],
  suffix: ".cpp",
  trial: '#include <iostream>\nint main() { std::cout << ""; }\n',
  install: `${install} libc++-19-dev-wasm32 libc++abi-19-dev-wasm32`,
};

/** Where Debian's and Ubuntu's wasi-libc puts the C library; the matching --sysroot is /usr. */
export const debianWasiLib = "/usr/lib/wasm32-wasi";

/** A library that is called, without a main function. Debian's C library would bring its debug information. */
const handlerFlags = ["-mexec-model=reactor", "-Wl,--strip-debug"];

/** The export that only a handler has; its name stands in the sources, of a person or of wit-bindgen. */
const handlerExport = "wasi:http/incoming-handler@";

interface Candidate {
  readonly clang: string;
  readonly args: readonly string[];
}

export function findC(env: NodeJS.ProcessEnv): Promise<Toolchain> {
  return find(c, env);
}

export function findCpp(env: NodeJS.ProcessEnv): Promise<Toolchain> {
  return find(cpp, env);
}

async function find(dialect: Dialect, env: NodeJS.ProcessEnv): Promise<Toolchain> {
  const { flags: own, suffix } = dialect;
  let reason = "there is no clang on PATH, and WASI_SDK_PATH is not set";
  for (const { clang, args } of candidates(dialect, env)) {
    // A clang without the C library, the linker or the compiler's own library fails only when it links: so try it.
    const failure = await tryOut(dialect, clang, args, env);
    if (failure !== undefined) {
      reason = `${clang} cannot build for WASI: ${failure}`;
      continue;
    }
    const version = await capture(clang, ["--version"], env);
    return {
      available: true,
      version: "output" in version ? version.output : clang,
      compile: ({ source, entry, output, flags }) => {
        const sources = entry === undefined ? globSync(`*${suffix}`, { cwd: source }).sort() : [entry];
        const model = isHandler(source, sources) ? handlerFlags : [];
        // wit-bindgen leaves what it knows of a component beside the sources that it writes.
        const types = entry === undefined ? globSync("*_component_type.o", { cwd: source }).sort() : [];
        return {
          command: clang,
          args: [
            ...[...args, ...own, "-O2", "-Wall", "-Wextra", ...model, "-o", output],
            ...[...sources, ...types, ...flags],
          ],
          env: {},
          product: output,
        };
      },
    };
  }
  return { available: false, reason, install: dialect.install };
}

function* candidates({ compiler }: Dialect, env: NodeJS.ProcessEnv): Generator<Candidate> {
  const sdk = env.WASI_SDK_PATH;
  if (sdk !== undefined && sdk !== "") {
    const clang = join(sdk, "bin", compiler);
    if (isExecutable(clang)) yield { clang, args: ["--target=wasm32-wasip1"] };
  }
  if (!existsSync(debianWasiLib)) return;
  for (const name of llvmNames(compiler)) {
    const clang = findExecutable(name, env);
    if (clang !== undefined) yield { clang, args: ["--target=wasm32-wasi", "--sysroot=/usr"] };
  }
}

function isHandler(folder: string, sources: readonly string[]): boolean {
  return sources.some((file) => {
    const path = join(folder, file);
    return existsSync(path) && readFileSync(path, "utf8").includes(handlerExport);
  });
}

async function tryOut(
  { suffix, trial, flags }: Dialect,
  clang: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "warren-cc-"));
  try {
    const source = join(folder, `main${suffix}`);
    await writeFile(source, trial);
    const result = await capture(clang, [...args, ...flags, "-o", join(folder, "main.wasm"), source], env);
    return "error" in result ? result.error : undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
