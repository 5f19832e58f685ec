import { lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemCode } from "../base/errors.ts";

/**
 * Makes a folder of this user's below the one that a variable of the XDG base directory specification names, if it is not
 * there. Undefined when it cannot be had, or when others may write to it: what we take from it is trusted.
 */
export function privateFolder(variable: string, byDefault: string, ...names: string[]): string | undefined {
  const base = process.env[variable];
  let folder = base?.startsWith("/") ? base : join(homedir(), byDefault);
  try {
    make(folder);
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
