import type { Command } from "commander";
import { checkDaemon } from "../doctor/daemon.ts";
import type { Finding } from "../doctor/finding.ts";
import { checkRuntime } from "../doctor/kernel.ts";
import { checkLimits } from "../doctor/limits.ts";
import { checkToolchains } from "../doctor/toolchains.ts";
import { type ClientOptions, clientOptions, examples, printJson } from "../options.ts";
import { tableWidth } from "../ui/state.ts";
import { bold, green, red, yellow } from "../ui/style.ts";
import { renderTable } from "../ui/table.ts";

export function define(command: Command): void {
  clientOptions(command)
    .description(
      "Check what Warren needs from this machine, the daemon, and the toolchains found. Exit code 1 when a check fails; warnings are none.",
    )
    .action(doctor);
  examples(command, [
    ["warren doctor", ""],
    ["warren doctor --json | jq '.[] | select(.state == \"fail\")'", "what is wrong"],
  ]);
}

async function doctor(options: ClientOptions): Promise<void> {
  const findings = [
    ...(await checkRuntime()),
    ...checkLimits(),
    ...(await checkDaemon(options.host)),
    ...(await checkToolchains()),
  ];
  if (options.json) printJson(findings);
  else process.stdout.write(`${findingsText(findings, tableWidth())}\n`);
  if (findings.some(({ state }) => state === "fail")) process.exitCode = 1;
}

/** A table, and below it what to do, whole, since advice that is cut helps nobody. */
export function findingsText(findings: readonly Finding[], width: number | undefined): string {
  const columns = [{ title: "CHECK" }, { title: "STATE", style: paint }, { title: "FOUND", widthMin: 20 }];
  const table = renderTable(
    columns,
    findings.map(({ check, state, found }) => [check, state, found]),
    { width, titleStyle: (title) => bold(title, process.stdout) },
  );
  const advice = findings.flatMap(({ check, advice }) => (advice === undefined ? [] : [`  ${check}: ${advice}`]));
  return advice.length === 0 ? table : `${table}\n\n${bold("What to do", process.stdout)}\n${advice.join("\n")}`;
}

function paint(cell: string): string {
  switch (cell.trim()) {
    case "ok":
      return green(cell, process.stdout);
    case "warn":
      return yellow(cell, process.stdout);
    default:
      return red(cell, process.stdout);
  }
}
