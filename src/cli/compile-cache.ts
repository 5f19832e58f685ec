import { accessSync, constants } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { privateFolder } from "./private-folder.ts";

/**
 * Lets Node keep the code that V8 made from our modules, which halves the time they take to load. Cached code is run as
 * it is, so its folder must be as hard to write to as the program: beside the program where this user may write, else in
 * the user's own cache folder. Node's default below /tmp is neither.
 */
export function useCompileCache(): void {
  const folder = cacheFolder();
  if (folder !== undefined) enableCompileCache(folder);
}

/** Undefined when there is none that nobody else can write to. */
export function cacheFolder(): string | undefined {
  return besideProgram() ?? privateFolder("XDG_CACHE_HOME", ".cache", "warren");
}

function besideProgram(): string | undefined {
  // The package's own folder: a change in src/ would make the launcher build anew.
  const folder = join(import.meta.dirname, "../..");
  try {
    accessSync(folder, constants.W_OK);
    return join(folder, ".cache");
  } catch {
    return undefined;
  }
}
