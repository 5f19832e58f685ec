import type { Command } from "commander";
import { WarrenError } from "../../base/errors.ts";
import { findInstalled, forgetInstalled } from "../install/installed.ts";
import { removeLauncher } from "../install/launcher.ts";
import { examples, jsonOption, printJson } from "../options.ts";

export function define(command: Command): void {
  jsonOption(command)
    .description("Remove an installed program, its grants and its launcher.")
    .argument("<COMMAND>", "its name")
    .action(uninstall);
  examples(command, [["warren uninstall rg", ""]]);
}

function uninstall(name: string, { json }: { json?: boolean }): void {
  const installed = findInstalled(name);
  if (installed === undefined)
    throw new WarrenError("install.unknown", `nothing is installed as ${JSON.stringify(name)}`, {
      hint: "`warren installed` lists what is.",
    });
  removeLauncher(installed.launcher);
  forgetInstalled(name);
  if (json) printJson(installed);
}
