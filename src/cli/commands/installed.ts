import type { Command } from "commander";
import { grantLines } from "../install/grant-lines.ts";
import { listInstalled } from "../install/installed.ts";
import { examples, jsonOption, printJson } from "../options.ts";
import { tableWidth } from "../ui/state.ts";
import { bold } from "../ui/style.ts";
import { renderTable } from "../ui/table.ts";

export function define(command: Command): void {
  jsonOption(command).description("List installed programs and what they are granted.").action(list);
  examples(command, [
    ["warren installed", ""],
    ["warren installed --json | jq '.[].digest'", "what they are"],
  ]);
}

function list({ json }: { json?: boolean }): void {
  const installed = listInstalled();
  if (json) printJson(installed);
  else if (installed.length === 0) process.stderr.write("no programs are installed; `warren install` does it\n");
  else {
    const columns = [{ title: "COMMAND", widthMin: 8 }, { title: "DIGEST" }, { title: "GRANTS", widthMin: 20 }];
    const rows = installed.map(({ name, digest, grants }) => [
      name,
      digest.slice(0, 12),
      grantLines(grants).join("; ") || "none",
    ]);
    const layout = { width: tableWidth(), titleStyle: (title: string) => bold(title, process.stdout) };
    process.stdout.write(`${renderTable(columns, rows, layout)}\n`);
  }
}
