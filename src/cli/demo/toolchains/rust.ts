import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Compilation, CompileOptions, Toolchain } from "../toolchain.ts";
import { debianWasiLib } from "./c.ts";
import { type CargoPackage, readCargoPackage } from "./cargo-package.ts";
import { capture, findExecutable, isExecutable, llvmNames } from "./executable.ts";

type Target = "wasm32-wasip1" | "wasm32-wasip2";

const install =
  "rustup target add wasm32-wasip1 (wasm32-wasip2 for a component), or on Debian: apt install rustc-web cargo-web rust-web-src lld-19 wasi-libc";

/** How cargo is called for one target. */
interface Cargo {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly target: Target;
  /** Flags of the compiler for the product alone: as RUSTFLAGS they would have the library built once more. */
  linking(cargo: CargoPackage): readonly string[];
}

/** `project` is the folder of a Cargo.toml: what makes a component of itself is compiled for WASI 0.2 where that can be. */
export async function findRust(env: NodeJS.ProcessEnv, project?: string): Promise<Toolchain> {
  const component = project !== undefined && readCargoPackage(project)?.component === true;
  const targets: readonly Target[] = component
    ? ["wasm32-wasip2", "wasm32-wasip1"]
    : ["wasm32-wasip1", "wasm32-wasip2"];
  let reason = "there is no rustc on PATH";
  for (const rustc of candidates(env)) {
    const command = join(dirname(rustc), "cargo");
    const version = await capture(rustc, ["--version"], env);
    if ("error" in version) {
      reason = `${rustc} does not run: ${version.error}`;
      continue;
    }
    if (!isExecutable(command)) {
      reason = `there is no cargo beside ${rustc}`;
      continue;
    }
    for (const target of targets) {
      const library = await capture(rustc, ["--print", "target-libdir", "--target", target], env);
      if ("output" in library && existsSync(library.output))
        return available(version.output, { command, args: [], env: { RUSTC: rustc }, target, linking: () => [] });
    }
    const built = await withOwnLibrary(rustc, env);
    if (built !== undefined) return available(version.output, { command, ...built });
    reason = `${rustc} has no standard library for ${targets[0]}`;
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
async function withOwnLibrary(rustc: string, env: NodeJS.ProcessEnv): Promise<Omit<Cargo, "command"> | undefined> {
  const sysroot = await capture(rustc, ["--print", "sysroot"], env);
  if ("error" in sysroot || !existsSync(join(sysroot.output, "lib/rustlib/src/rust/library/std/Cargo.toml"))) return;
  const linker = llvmNames("wasm-ld")
    .map((name) => findExecutable(name, env))
    .find((path) => path !== undefined);
  const start = (kind: "command" | "reactor"): string => join(debianWasiLib, `crt1-${kind}.o`);
  if (linker === undefined || !existsSync(start("command"))) return;
  return {
    target: "wasm32-wasip1",
    args: ["-Zbuild-std=std,panic_abort"],
    env: {
      RUSTC: rustc,
      // -Z on a stable compiler.
      RUSTC_BOOTSTRAP: "1",
      CARGO_TARGET_WASM32_WASIP1_LINKER: linker,
      CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS: `-Clink-self-contained=no -L${debianWasiLib}`,
    },
    linking: ({ kind }) => [`-Clink-arg=${start(kind === "library" ? "reactor" : "command")}`],
  };
}

function available(version: string, cargo: Cargo): Toolchain {
  const { target } = cargo;
  const folder = `rust-${createHash("sha256").update(`${version} ${cargo.env.CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS}`).digest("hex").slice(0, 8)}`;
  const compile = ({ source, scratch, flags }: CompileOptions): Compilation => {
    const targetFolder = join(scratch, folder);
    const description = readCargoPackage(source);
    if (description === undefined) throw new Error(`${join(source, "Cargo.toml")} describes no package`);
    const locked = existsSync(join(source, "Cargo.lock")) ? ["--locked"] : [];
    const linking = cargo.linking(description);
    return {
      command: cargo.command,
      args: [
        ...["rustc", ...cargo.args, "--release", ...locked, "--target", target, ...flags],
        ...(linking.length === 0 ? [] : ["--", ...linking]),
      ],
      env: {
        ...cargo.env,
        CARGO_TARGET_DIR: targetFolder,
        CARGO_TERM_COLOR: "never",
        // -Z on a stable compiler.
        ...(flags.some((flag) => flag.startsWith("-Z")) ? { RUSTC_BOOTSTRAP: "1" } : {}),
      },
      product: join(targetFolder, target, "release", `${description.product}.wasm`),
    };
  };
  return { available: true, version: `${version}, ${target}`, compile };
}
