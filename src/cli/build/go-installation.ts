import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { systemCode, WarrenError } from "../../base/errors.ts";
import { capture, findExecutable } from "../demo/toolchains/executable.ts";

/** The Go that builds a module: the one on PATH, or another that it has fetched because go.mod asks for it. */
export interface GoInstallation {
  readonly goroot: string;
  /** As `go env GOVERSION` prints it, `go1.26.8`. */
  readonly version: string;
  /** The go command. */
  readonly command: string;
  /** To be added to its environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Looks for Go from a folder. `cache` is for what must outlive the call. Throws `toolchain.missing` when there is none, and
 * `go.failed` when it does not say where it is.
 */
export async function findGoInstallation(
  folder: string,
  cache: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<GoInstallation> {
  const go = findExecutable("go", environment);
  if (go === undefined)
    throw new WarrenError("toolchain.missing", "there is no go on PATH", {
      hint: "install Go 1.21 or newer from https://go.dev/dl/",
    });
  const asked = ["env", "GOROOT", "GOVERSION", "GOMODCACHE"];
  const result = await capture(go, asked, environment, folder);
  const [goroot = "", version = "", modules = ""] = "output" in result ? result.output.split("\n") : [];
  if ("error" in result || goroot === "" || version === "")
    throw new WarrenError(
      "go.failed",
      `\`go ${asked.join(" ")}\` failed: ${"error" in result ? result.error : "it printed nothing"}`,
    );
  if (!goroot.startsWith(modules + sep)) return { goroot, version, command: go, env: {} };

  // Go 1.25 and newer lay nothing over files below GOMODCACHE, where a fetched toolchain lies. By another name it may.
  const link = join(cache, `${version}-root`);
  mkdirSync(cache, { recursive: true });
  try {
    symlinkSync(goroot, link, "dir");
  } catch (error) {
    if (systemCode(error) !== "EEXIST" || realpathSync(link) !== realpathSync(goroot)) throw error;
  }
  const bin = join(link, "bin");
  return {
    goroot: link,
    version,
    command: join(bin, "go"),
    env: { GOROOT: link, GOTOOLCHAIN: "local", PATH: `${bin}${delimiter}${environment.PATH ?? ""}` },
  };
}
