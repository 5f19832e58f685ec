import type { Command } from "commander";
import type { ServiceView } from "../../control/service.ts";
import { connect } from "../connect.ts";
import { type ClientOptions, clientOptions, examples, printJson } from "../options.ts";
import { routeText } from "../ui/route-text.ts";
import { paintState, shownState, tableWidth } from "../ui/state.ts";
import { bold } from "../ui/style.ts";
import { type Column, renderTable } from "../ui/table.ts";
import { formatAge, formatBytes, formatCount, formatSpan } from "../ui/units.ts";

interface ListOptions extends ClientOptions {
  readonly quiet?: boolean;
}

export function define(command: Command): void {
  clientOptions(command)
    .description("List services: what state they are in, what they use, and where they answer.")
    .option("-q, --quiet", "print names only")
    .action(list);
  examples(command, [
    ["warren ls", ""],
    ["warren ls --json | jq '.[] | select(.state != \"running\")'", "what does not run"],
    ["warren stop $(warren ls -q)", "stop everything"],
  ]);
}

async function list(options: ListOptions): Promise<void> {
  const services = await connect(options).listServices(options.namespace);
  if (options.json) printJson(services);
  else if (options.quiet) process.stdout.write(services.map(({ name }) => `${name}\n`).join(""));
  else if (services.length > 0) process.stdout.write(`${serviceTable(services, Date.now(), tableWidth())}\n`);
  else process.stderr.write("no services yet; `warren deploy` makes one\n");
}

/** The table of `warren ls`. A column with reasons is there only when something does not run. */
export function serviceTable(services: readonly ServiceView[], now: number, width: number | undefined): string {
  const reasons = services.some(({ reason }) => reason !== undefined);
  const columns: Column[] = [
    { title: "NAME", widthMin: 12 },
    { title: "STATE", style: paintState },
    ...(reasons ? [{ title: "REASON", widthMin: 16 }] : []),
    { title: "ROUTES", widthMin: 16 },
    { title: "AGE", align: "right" },
    { title: "RESTARTS", align: "right" },
    { title: "MEMORY", align: "right" },
    { title: "REQUESTS", align: "right" },
    { title: "CPU", align: "right" },
  ];
  const rows = services.map((service) => [
    service.name,
    shownState(service),
    ...(reasons ? [service.reason ?? ""] : []),
    service.routes.map((url, index) => routeText(url, service.routeNotes?.[index])).join(" "),
    formatAge(now - Date.parse(service.deployedAt)),
    String(service.restarts),
    formatBytes(service.memoryBytes),
    formatCount(service.requests),
    formatSpan(service.cpuMs),
  ]);
  return renderTable(columns, rows, { width, titleStyle: (title) => bold(title, process.stdout) });
}
