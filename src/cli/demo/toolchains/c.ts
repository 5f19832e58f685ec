import { existsSync, globSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Toolchain } from "../toolchain.ts";
import { capture, findExecutable, isExecutable, llvmNames } from "./executable.ts";

const install =
  "install the WASI SDK (https://github.com/WebAssembly/wasi-sdk) and set WASI_SDK_PATH, or on Debian: apt install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32";

/** Where Debian's and Ubuntu's wasi-libc puts the C library; the matching --sysroot is /usr. */
export const debianWasiLib = "/usr/lib/wasm32-wasi";

interface Candidate {
  readonly clang: string;
  readonly args: readonly string[];
}

export async function findC(env: NodeJS.ProcessEnv): Promise<Toolchain> {
  let reason = "there is no clang on PATH, and WASI_SDK_PATH is not set";
  for (const { clang, args } of candidates(env)) {
    // A clang without the C library, the linker or the compiler's own library fails only when it links: so try it.
    const failure = await tryOut(clang, args, env);
    if (failure !== undefined) {
      reason = `${clang} cannot build for WASI: ${failure}`;
      continue;
    }
    const version = await capture(clang, ["--version"], env);
    return {
      available: true,
      version: "output" in version ? version.output : clang,
      compile: ({ source, output, flags }) => ({
        command: clang,
        args: [...args, "-O2", "-Wall", "-Wextra", "-o", output, ...globSync("*.c", { cwd: source }).sort(), ...flags],
        env: {},
        product: output,
      }),
    };
  }
  return { available: false, reason, install };
}

function* candidates(env: NodeJS.ProcessEnv): Generator<Candidate> {
  const sdk = env.WASI_SDK_PATH;
  if (sdk !== undefined && sdk !== "") {
    const clang = join(sdk, "bin", "clang");
    if (isExecutable(clang)) yield { clang, args: ["--target=wasm32-wasip1"] };
  }
  if (!existsSync(debianWasiLib)) return;
  for (const name of llvmNames("clang")) {
    const clang = findExecutable(name, env);
    if (clang !== undefined) yield { clang, args: ["--target=wasm32-wasi", "--sysroot=/usr"] };
  }
}

async function tryOut(clang: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "warren-cc-"));
  try {
    const source = join(folder, "main.c");
    await writeFile(source, '#include <stdio.h>\nint main(void) { puts(""); return 0; }\n');
    const result = await capture(clang, [...args, "-o", join(folder, "main.wasm"), source], env);
    return "error" in result ? result.error : undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
