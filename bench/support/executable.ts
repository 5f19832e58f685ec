import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of a program, undefined when it is not installed. */
export function findExecutable(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  // Debian keeps servers where users do not look.
  for (const folder of [...folders, "/usr/sbin", "/usr/local/sbin", "/usr/local/go/bin"]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
