import { spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import { findGoInstallation } from "./go-installation.ts";
import { writeGoOverlay } from "./go-overlay.ts";

export interface GoBuild {
  /** Where go runs: imports are resolved by the go.mod there. */
  readonly folder: string;
  /** A main package as `go build` names it: `.`, `./cmd/x`, an import path. */
  readonly target: string;
  /** The module to be written. */
  readonly output: string;
  /** More flags of `go build`. */
  readonly flags?: readonly string[];
  /** For what makes the next build faster; by default {@link goCacheFolder}. */
  readonly cache?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What go says. Without it, it says so on standard error by itself. */
  readonly onOutput?: (text: string) => void;
}

export interface GoBuilt {
  /** As `go env GOVERSION` prints it. */
  readonly version: string;
}

/** `$XDG_CACHE_HOME/warren/go`, or under `~/.cache`. */
export function goCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  // XDG Base Directory Specification: a relative path is to be ignored.
  const base = env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(base, "warren", "go");
}

/**
 * Compiles a Go program as it is, with a package net that has real sockets. Throws `toolchain.missing`, `go.version`, and
 * `go.build-failed` when go does not like the program: it has said why.
 */
export async function buildGo({ folder, target, output, flags = [], onOutput, ...options }: GoBuild): Promise<GoBuilt> {
  const environment = options.env ?? process.env;
  const cache = options.cache ?? goCacheFolder(environment);
  const go = await findGoInstallation(folder, cache, environment);
  const overlay = writeGoOverlay(go, cache);
  const args = ["build", "-overlay", overlay, "-ldflags=-s -w", "-o", resolve(output), ...flags, target];
  const child = spawn(go.command, args, {
    cwd: folder,
    env: { ...environment, ...go.env, GOOS: "wasip1", GOARCH: "wasm" },
    stdio: ["ignore", onOutput === undefined ? "inherit" : "pipe", onOutput === undefined ? "inherit" : "pipe"],
  });
  if (onOutput !== undefined)
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", onOutput);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code === 0) return { version: go.version };
  throw new WarrenError("go.build-failed", `\`go build ${target}\` failed (${signal ?? `exit code ${code}`})`);
}
