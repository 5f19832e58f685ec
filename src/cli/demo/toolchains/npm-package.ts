import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface NpmPackage {
  readonly folder: string;
  readonly version: string;
}

/** A package that npm installed for what is in a folder, by default for this program; or undefined. */
export function findPackage(name: string, from: string = import.meta.dirname): NpmPackage | undefined {
  // Not import.meta.resolve(): a package may export neither its package.json nor its command.
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    const description = join(found, "package.json");
    if (existsSync(description)) {
      const { version } = JSON.parse(readFileSync(description, "utf8")) as { version: string };
      return { folder: found, version };
    }
    if (dirname(folder) === folder) return undefined;
  }
}
