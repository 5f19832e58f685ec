import { createHash, randomUUID } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import type { GoInstallation } from "./go-installation.ts";

/** Minor versions of Go 1 that the overlay is made for and tested with. */
export const goMinor = { oldest: 21, newest: 26 } as const;

/** Ours: what takes the place of files of GOROOT/src, in the same folders. */
const ownFolder = join(import.meta.dirname, "../../../sdk/go/overlay");

/**
 * Of Go's own files for Unix: those that also do for WASI once `syscall` has sockets. A copy of each with another build
 * constraint is laid over it, so that what a program sees of package net is what it sees on Linux, in the same version of Go.
 */
const adopted = [
  "internal/poll/sockopt.go",
  "net/fd_posix.go",
  "net/fd_unix.go",
  "net/netcgo_on.go",
  "net/sock_posix.go",
  "os/signal/signal.go",
] as const;

/** What they and ours replace: WASI's network that is none, and its tests. Some exist in some versions only. */
const dropped = [
  "internal/syscall/unix/net_wasip1.go",
  "net/cgo_stub.go",
  "net/fd_fake.go",
  "net/fd_wasip1.go",
  "net/file_wasip1.go",
  "net/file_wasip1_test.go",
  "net/net_fake.go",
  "net/net_fake_test.go",
  "net/netcgo_off.go",
  "net/sockopt_fake.go",
  "net/sockopt_stub.go",
  "net/tcpsockopt_stub.go",
  "os/signal/signal_unix.go",
  "syscall/net_wasip1.go",
] as const;

/**
 * Writes the file that `go build -overlay` takes, and what it refers to, into a folder of its own below `cache`. Its path. The same
 * Go and the same Warren give the same paths, so that Go's build cache is of use. Throws `go.version` for a Go that is not known,
 * `go.incomplete` for one whose library lacks what is expected.
 */
export function writeGoOverlay({ goroot, version }: Pick<GoInstallation, "goroot" | "version">, cache: string): string {
  checkVersion(version);
  const hash = createHash("sha256").update([goroot, version, ...dropped, ""].join("\n"));
  const copies = new Map<string, string>();
  for (const name of adopted) {
    const text = adopt(readSource(goroot, name));
    copies.set(name, text);
    hash.update(`${name}\n${text}`);
  }
  const own = globSync("*/**/*.go", { cwd: ownFolder }).sort();
  for (const name of own) {
    const text = readFileSync(join(ownFolder, name), "utf8");
    copies.set(name, text);
    hash.update(`${name}\n${text}`);
  }
  const folder = join(cache, `${version}-${hash.digest("hex").slice(0, 16)}`);
  const path = join(folder, "overlay.json");
  if (existsSync(path)) return path;

  const replace: Record<string, string> = {};
  // An empty name removes a file (`go help build`, -overlay).
  for (const name of dropped) if (existsSync(join(goroot, "src", name))) replace[join(goroot, "src", name)] = "";
  for (const name of copies.keys()) replace[join(goroot, "src", name)] = join(folder, name.replaceAll("/", "_"));
  mkdirSync(cache, { recursive: true });
  // Several builds at once: the first to be done gives the folder its name.
  const unfinished = join(cache, `.${randomUUID()}`);
  mkdirSync(unfinished);
  try {
    for (const [name, text] of copies) writeFileSync(join(unfinished, name.replaceAll("/", "_")), text);
    writeFileSync(join(unfinished, "overlay.json"), JSON.stringify({ Replace: replace }, null, 1));
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return path;
}

function checkVersion(version: string): void {
  const [, minor] = /^go1\.([0-9]+)/.exec(version) ?? [];
  if (minor !== undefined && Number(minor) >= goMinor.oldest && Number(minor) <= goMinor.newest) return;
  throw new WarrenError(
    "go.version",
    `sockets are known for Go 1.${goMinor.oldest} to 1.${goMinor.newest}, not for ${version}`,
    {
      hint: `GOTOOLCHAIN=go1.${goMinor.newest}.0 uses one that is, where go.mod asks for no newer one`,
    },
  );
}

function readSource(goroot: string, name: string): string {
  try {
    return readFileSync(join(goroot, "src", name), "utf8");
  } catch (error) {
    throw new WarrenError("go.incomplete", `${goroot} has no src/${name}: it is not Go as it is distributed`, {
      hint: "install Go from https://go.dev/dl/",
      cause: error,
    });
  }
}

/** A source whose build constraint, if it has one, is WASI. The runtime defines a function of os/signal itself; ours needs another name. */
function adopt(text: string): string {
  return text
    .replace(/^\/\/go:build .*$/m, "//go:build wasip1")
    .replace(/^func signalWaitUntilIdle\(\)$/m, "")
    .replaceAll("signalWaitUntilIdle()", "hostSignalsIdle()");
}
