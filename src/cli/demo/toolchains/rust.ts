import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "smol-toml";
import type { Compilation, CompileOptions, Toolchain } from "../toolchain.ts";
import { debianWasiLib } from "./c.ts";
import { capture, findExecutable, isExecutable, llvmNames } from "./executable.ts";

const target = "wasm32-wasip1";
const install = `rustup target add ${target}, or on Debian: apt install rustc-web cargo-web rust-web-src lld-19 wasi-libc`;

export async function findRust(env: NodeJS.ProcessEnv): Promise<Toolchain> {
  let reason = "there is no rustc on PATH";
  for (const rustc of candidates(env)) {
    const cargo = join(dirname(rustc), "cargo");
    const version = await capture(rustc, ["--version"], env);
    const library = await capture(rustc, ["--print", "target-libdir", "--target", target], env);
    if ("error" in version || "error" in library) {
      reason = `${rustc} cannot build for ${target}: ${"error" in version ? version.error : "error" in library ? library.error : ""}`;
      continue;
    }
    if (!isExecutable(cargo)) {
      reason = `there is no cargo beside ${rustc}`;
      continue;
    }
    if (existsSync(library.output)) {
      return available(version.output, cargo, ["build"], { RUSTC: rustc });
    }
    const built = await withOwnLibrary(rustc, env);
    if (built !== undefined) return available(version.output, cargo, built.args, built.env);
    reason = `${rustc} has no standard library for ${target}`;
  }
  return { available: false, reason, install };
}

/** The one on PATH first, which rustup manages where it is installed; Debian's may be hidden behind it. */
function candidates(env: NodeJS.ProcessEnv): Set<string> {
  const onPath = findExecutable("rustc", env);
  return new Set([...(onPath === undefined ? [] : [onPath, "/usr/bin/rustc"])].filter(isExecutable));
}

/**
 * Debian ships the standard library's source but no build for WASI: cargo makes it from the source, once for a scratch
 * folder. Undefined when a part of that is missing.
 */
async function withOwnLibrary(rustc: string, env: NodeJS.ProcessEnv) {
  const sysroot = await capture(rustc, ["--print", "sysroot"], env);
  if ("error" in sysroot || !existsSync(join(sysroot.output, "lib/rustlib/src/rust/library/std/Cargo.toml"))) return;
  const linker = llvmNames("wasm-ld")
    .map((name) => findExecutable(name, env))
    .find((path) => path !== undefined);
  const start = join(debianWasiLib, "crt1-command.o");
  if (linker === undefined || !existsSync(start)) return;
  return {
    args: ["build", "-Zbuild-std=std,panic_abort"],
    env: {
      RUSTC: rustc,
      // -Z on a stable compiler.
      RUSTC_BOOTSTRAP: "1",
      CARGO_TARGET_WASM32_WASIP1_LINKER: linker,
      CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS: `-Clink-self-contained=no -L${debianWasiLib} -Clink-arg=${start}`,
    },
  };
}

function available(version: string, cargo: string, args: readonly string[], env: Record<string, string>): Toolchain {
  const folder = `rust-${createHash("sha256").update(version).digest("hex").slice(0, 8)}`;
  const compile = ({ source, scratch, flags }: CompileOptions): Compilation => {
    const targetFolder = join(scratch, folder);
    return {
      command: cargo,
      args: [...args, "--release", "--locked", "--target", target, ...flags],
      env: {
        ...env,
        CARGO_TARGET_DIR: targetFolder,
        CARGO_TERM_COLOR: "never",
        // -Z on a stable compiler.
        ...(flags.some((flag) => flag.startsWith("-Z")) ? { RUSTC_BOOTSTRAP: "1" } : {}),
      },
      product: join(targetFolder, target, "release", `${packageName(source)}.wasm`),
    };
  };
  return { available: true, version, compile };
}

function packageName(source: string): string {
  const path = join(source, "Cargo.toml");
  const { package: description } = parse(readFileSync(path, "utf8"));
  if (typeof description === "object" && "name" in description && typeof description.name === "string") {
    return description.name;
  }
  throw new Error(`${path} names no package`);
}
