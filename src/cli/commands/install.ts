import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { WarrenError } from "../../base/errors.ts";
import { grantLines, moreGranted } from "../install/grant-lines.ts";
import { findInstalled, type Installed, isInstalledName, keepInstalled } from "../install/installed.ts";
import {
  binDefault,
  checkLauncher,
  isOnPath,
  launcherPath,
  removeLauncher,
  writeLauncher,
} from "../install/launcher.ts";
import { addFlags, examples, jsonOption, printJson } from "../options.ts";
import { type GrantFlags, grantFlags } from "../run/flags.ts";

interface InstallOptions extends GrantFlags {
  readonly as?: string;
  readonly bin: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function define(command: Command): void {
  addFlags(jsonOption(command), grantFlags)
    .description(
      "Make a program a command of this user's: its copy is kept with what it is granted, and a launcher on PATH runs it so. Relative directories mean the one that it is run in. Under the name of an installed program it takes that one's place.",
    )
    .argument("<PROGRAM>", "a .wasm file")
    .option("--as <NAME>", "the command's name (default: the file's, without .wasm)")
    .option("--bin <DIR>", "where its launcher goes", binDefault)
    .option("-y, --yes", "also if it is granted more than the installed one")
    .action(install);
  examples(command, [
    ["warren install ./rg.wasm --ro .", "the command rg, which reads the directory that it is run in"],
    ["warren install ./jq.wasm --as jq", "reads standard input only"],
    ["warren install ./site.wasm --as site --ro ~/site --listen 8080", "a server"],
  ]);
}

async function install(file: string, options: InstallOptions): Promise<void> {
  const { readGrants } = await import("../run/grants-file.ts");
  const { joinWords, wordsOfFlags } = await import("../run/grants.ts");
  const { readProgram } = await import("../run/read-program.ts");
  const { checkProgram } = await import("../install/check-program.ts");
  const name = options.as ?? basename(file, ".wasm");
  if (!isInstalledName(name))
    throw new WarrenError("usage.invalid-argument", `"${name}" cannot be a command's name`, {
      hint: "Choose another with --as: letters, digits and . _ + -, not ending with .wasm.",
    });
  const grants = joinWords([...(options.grants ?? []).map(readGrants), wordsOfFlags(options)]);
  const launcher = launcherPath(name, options.bin);
  const before = findInstalled(name);
  checkLauncher(launcher);
  const program = readProgram(file);
  await checkProgram(program, grants);
  if (before !== undefined) await agree(before, moreGranted(before.grants, grants), options);
  const installed = keepInstalled(program, { name, source: resolve(file), grants, launcher });
  if (before !== undefined && before.launcher !== launcher) removeLauncher(before.launcher);
  writeLauncher(launcher, name);
  report(installed, options);
}

/** Asks when it would be granted more. Throws `install.more-grants` when the answer is no or nobody can answer. */
async function agree({ name }: Installed, more: readonly string[], { yes }: InstallOptions): Promise<void> {
  if (more.length === 0 || yes) return;
  const text = `${name} would be granted more than the one installed:\n${more.map((line) => `  ${line}`).join("\n")}`;
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const { createInterface } = await import("node:readline/promises");
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await terminal.question(`${text}\nInstall it? [y/N] `);
    terminal.close();
    if (/^y(es)?$/i.test(answer.trim())) return;
    throw new WarrenError("install.more-grants", `${name} was not installed`);
  }
  throw new WarrenError("install.more-grants", text, { hint: "--yes installs it." });
}

function report(installed: Installed, { json }: InstallOptions): void {
  const { name, grants, launcher } = installed;
  const onPath = isOnPath(launcher);
  if (json) {
    printJson({ ...installed, onPath });
    return;
  }
  const lines = grantLines(grants).map((line) => `  ${line}\n`);
  const granted = lines.length === 0 ? "it is granted nothing but its streams\n" : `it is granted:\n${lines.join("")}`;
  process.stdout.write(`installed ${name} as ${launcher}; ${granted}`);
  if (!onPath)
    process.stderr.write(`warren: ${resolve(launcher, "..")} is not on PATH: \`warren run ${name}\` runs it too\n`);
}
