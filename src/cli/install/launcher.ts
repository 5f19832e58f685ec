import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import { writePrivateFile } from "../private-folder.ts";

const mark = "# Made by `warren install`;";

/** Where launchers go by default: systemd's file-hierarchy(7) has it on PATH. */
export const binDefault = "~/.local/bin";

export function launcherPath(name: string, bin: string): string {
  return join(bin === binDefault ? join(homedir(), ".local/bin") : resolve(bin), name);
}

/** Throws `install.in-the-way` when there is something else. */
export function checkLauncher(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined || isLauncher(path)) return;
  throw new WarrenError("install.in-the-way", `${path} is there already, and is not a program that Warren installed`, {
    hint: "Choose another name with --as, or another folder with --bin.",
  });
}

/** Makes the file that runs an installed program. */
export function writeLauncher(path: string, name: string): void {
  const warren = join(import.meta.dirname, "../../../warren");
  mkdirSync(join(path, ".."), { recursive: true });
  // After `--` and a program's name every argument is the program's.
  writePrivateFile(
    path,
    Buffer.from(
      `#!/bin/sh\n${mark} \`warren uninstall ${name}\` removes it.\nexec ${quoted(warren)} run -- ${name} "$@"\n`,
    ),
  );
  chmodSync(path, 0o755);
}

/** Removes it if it is one. */
export function removeLauncher(path: string): void {
  if (isLauncher(path)) rmSync(path, { force: true });
}

/** Whether a shell finds what lies in this folder. */
export function isOnPath(path: string): boolean {
  const folder = resolve(path, "..");
  return (process.env.PATH ?? "").split(delimiter).some((one) => one !== "" && resolve(one) === folder);
}

function isLauncher(path: string): boolean {
  try {
    return lstatSync(path).isFile() && readFileSync(path, "utf8").includes(mark);
  } catch {
    return false;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
