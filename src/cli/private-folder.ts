import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemCode } from "../base/errors.ts";

/**
 * Makes a folder of this user's below the one that a variable of the XDG base directory specification names, if it is not
 * there. Undefined when it cannot be had, or when others may write to it: what we take from it is trusted.
 */
export function privateFolder(variable: string, byDefault: string, ...names: string[]): string | undefined {
  const base = process.env[variable];
  let folder = base?.startsWith("/") ? base : homedir();
  try {
    for (const name of folder === base ? ["."] : byDefault.split("/")) {
      folder = join(folder, name);
      make(folder);
    }
    for (const name of names) {
      folder = join(folder, name);
      make(folder);
      const state = lstatSync(folder);
      if (!state.isDirectory() || state.uid !== process.geteuid?.() || (state.mode & 0o022) !== 0) return undefined;
    }
    return folder;
  } catch {
    return undefined;
  }
}

/** Not with all its parents: Node's way to make those never returns from some file systems, such as /proc. */
function make(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
}

/** A file of such a folder; undefined when it is not there, not this user's own, or a link. */
export function readPrivateFile(path: string): { bytes: Buffer; modifiedMs: number } | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const state = fstatSync(fd);
      if (!state.isFile() || state.uid !== process.geteuid?.() || (state.mode & 0o022) !== 0) return undefined;
      return { bytes: readFileSync(fd), modifiedMs: state.mtimeMs };
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** Writes such a file, whole or not at all. Throws what the system says. */
export function writePrivateFile(path: string, content: Uint8Array): void {
  const unfinished = `${path}.${process.pid}`;
  try {
    writeFileSync(unfinished, content, { mode: 0o600, flag: "wx" });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
