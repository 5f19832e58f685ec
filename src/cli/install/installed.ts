import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import { privateFolder, readPrivateFile, writePrivateFile } from "../private-folder.ts";
import type { GrantWords } from "../run/grants.ts";
import { programDigest } from "../run/program-digest.ts";

/** A program that was installed under a name, with what it was granted then. */
export interface Installed {
  readonly name: string;
  /** Of our copy. */
  readonly path: string;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
  /** Where it came from. */
  readonly source: string;
  /** Relative sources mean the directory of each run. */
  readonly grants: GrantWords;
  /** The file on PATH that runs it. */
  readonly launcher: string;
}

/** A name is never the name of a file: those have a `/` or end with `.wasm`. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;

export function isInstalledName(text: string): boolean {
  return namePattern.test(text) && !text.endsWith(".wasm");
}

/** Undefined when nothing is installed under that name, or its record is not one that only this user can write. */
export function findInstalled(name: string): Installed | undefined {
  if (!isInstalledName(name)) return undefined;
  const folder = installedFolder();
  const record = folder === undefined ? undefined : readPrivateFile(join(folder, `${name}.json`));
  if (record === undefined) return undefined;
  return { ...(JSON.parse(record.bytes.toString()) as Installed), path: programPath(folder as string, name) };
}

export function listInstalled(): Installed[] {
  const folder = installedFolder();
  if (folder === undefined) return [];
  const names = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return names.sort().flatMap((file) => findInstalled(file.slice(0, -".json".length)) ?? []);
}

/** Keeps a copy of the program and its record. Throws `install.no-folder` and what the system says. */
export function keepInstalled(program: Uint8Array, record: Omit<Installed, "path" | "digest">): Installed {
  const folder = installedFolder();
  if (folder === undefined)
    throw new WarrenError(
      "install.no-folder",
      "there is no folder to keep programs in that only you can write to: $XDG_DATA_HOME/warren/installed, by default ~/.local/share/warren/installed",
    );
  const digest = programDigest(program);
  const path = programPath(folder, record.name);
  writePrivateFile(path, program);
  writePrivateFile(join(folder, `${record.name}.json`), Buffer.from(JSON.stringify({ ...record, digest })));
  return { ...record, digest, path };
}

export function forgetInstalled(name: string): void {
  const folder = installedFolder();
  if (folder === undefined) return;
  rmSync(join(folder, `${name}.json`), { force: true });
  rmSync(programPath(folder, name), { force: true });
}

function installedFolder(): string | undefined {
  return privateFolder("XDG_DATA_HOME", ".local/share", "warren", "installed");
}

function programPath(folder: string, name: string): string {
  return join(folder, `${name}.wasm`);
}
