import { volumeWord } from "../../base/volume-page.ts";
import type { Result } from "../errno.ts";
import type { FileSystem, Handle } from "./file-system.ts";
import { HostFiles } from "./host-files.ts";
import { MemoryFiles } from "./memory-files.ts";
import { openMount } from "./mount.ts";
import { type GuestOpen, OpenDirectory } from "./open-directory.ts";
import { OpenFile } from "./open-file.ts";
import { open } from "./open-flags.ts";
import { rights } from "./rights.ts";
import { makeTree, type Tree } from "./scratch-tree.suite.ts";
import type { FileStatus } from "./status.ts";
import { VolumeAccount } from "./volume-account.ts";
import { VolumeFiles } from "./volume-files.ts";

export const reading: GuestOpen = {
  follow: true,
  create: false,
  exclusive: false,
  truncate: false,
  directory: false,
  rights: rights.read,
  flags: 0,
};
export const writing: GuestOpen = { ...reading, rights: rights.read | rights.write };

/** The errno of an operation, 0 for success; what it opened is closed. */
export function code(result: OpenFile | OpenDirectory | FileStatus | Result): number {
  if (typeof result === "number") return result < 0 ? -result : 0;
  if (result instanceof OpenFile || result instanceof OpenDirectory) result.close();
  return 0;
}

/** A whole small file as text, or its errno. */
export function contents(directory: OpenDirectory, path: string, how: Partial<GuestOpen> = {}): string | number {
  const file = directory.open(path, { ...reading, ...how });
  if (!(file instanceof OpenFile)) return code(file);
  const buffer = new Uint8Array(64);
  const count = file.read([buffer]);
  file.close();
  return count < 0 ? -count : new TextDecoder().decode(buffer.subarray(0, count));
}

/** A tree of files for one test, removed at the end of it, and a look at all of it that is not a guest's. */
export interface Plot extends Disposable {
  readonly all: OpenDirectory;
  /** A directory of it, as a guest gets it. */
  mount(path: string, mode?: "ro" | "rw"): OpenDirectory & Disposable;
  exists(path: string): boolean;
  status(path: string, follow?: boolean): FileStatus;
  text(path: string): string | number;
  linkText(path: string): string;
}

/** Where files are: the contract suites run on each. */
export interface Ground {
  readonly name: string;
  plant(tree: Tree): Plot;
}

export function hostGround(how: "kernel" | "walk"): Ground {
  return {
    name: `files of the host by the ${how}`,
    plant(tree) {
      const scratch = makeTree(tree);
      const all = openMount({ source: scratch.root, target: "/", mode: "rw" });
      return plot(
        all,
        (path, mode) => openMount({ source: scratch.path(path), target: "/in", mode }, new HostFiles(how)),
        () => scratch[Symbol.dispose](),
      );
    },
  };
}

/** A page for an account: `limitBytes` -1 for none. */
export function accountPage(limitBytes: number): ArrayBuffer {
  const page = new ArrayBuffer(4096);
  new BigInt64Array(page)[volumeWord.limit] = BigInt(limitBytes);
  return page;
}

export const volumeGround: Ground = {
  name: "files of a volume",
  plant(tree) {
    const scratch = makeTree(tree);
    const files = new VolumeFiles(new VolumeAccount(accountPage(-1)));
    const mount = (source: string, mode: "ro" | "rw") => openMount({ source, target: "/in", mode }, files);
    return plot(
      mount(scratch.root, "rw"),
      (path, mode) => mount(scratch.path(path), mode),
      () => scratch[Symbol.dispose](),
    );
  },
};

export const memoryGround: Ground = {
  name: "files in memory",
  plant(tree) {
    const files = new MemoryFiles(2 ** 24, () => BigInt(Date.now()) * 1_000_000n);
    for (const [path, what] of Object.entries(tree)) sow(files, path.split("/"), what);
    const mount = { target: "/in", files };
    const all = new OpenDirectory(files.root, { ...mount, readOnly: false });
    return plot(all, (path, mode) => {
      const handle = files.resolve(files.root, path);
      if (handle < 0) throw new Error(`no ${path}`);
      return new OpenDirectory(handle, { ...mount, readOnly: mode === "ro" }, { preopen: "/in" });
    });
  },
};

function sow(files: FileSystem, path: string[], what: Tree[string]): void {
  const name = path.pop() as string;
  let at: Handle = files.open(0, ".", open.readOnly | open.directory);
  for (const part of what === null ? [...path, name] : path) {
    files.makeDirectory(at, part);
    const next = files.open(at, part, open.readOnly | open.directory);
    files.close(at);
    at = next;
  }
  if (typeof what === "string") {
    const file = files.open(at, name, open.writeOnly | open.create);
    files.write(file, [new TextEncoder().encode(what)], 0);
    files.close(file);
  } else if (what !== null) files.makeSymbolicLink(what.link, at, name);
  files.close(at);
}

function plot(
  all: OpenDirectory,
  open: (path: string, mode: "ro" | "rw") => OpenDirectory,
  dispose: () => void = () => undefined,
): Plot {
  const status = (path: string, follow = true) => {
    const found = all.statusAt(path, follow);
    if (typeof found === "number") throw new Error(`${path}: errno ${-found}`);
    return found;
  };
  return {
    all,
    mount(path, mode = "rw") {
      const directory = open(path, mode);
      return Object.assign(directory, { [Symbol.dispose]: () => directory.close() });
    },
    exists: (path) => typeof all.statusAt(path, false) !== "number",
    status,
    text: (path) => contents(all, path),
    linkText(path) {
      const buffer = new Uint8Array(4096);
      return new TextDecoder().decode(buffer.subarray(0, all.readLink(path, buffer)));
    },
    [Symbol.dispose]() {
      all.close();
      dispose();
    },
  };
}
