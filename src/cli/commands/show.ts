import type { Command } from "commander";
import { formatMs } from "../../base/spent.ts";
import { formatOutbound } from "../../control/outbound.ts";
import type { Mount, ServiceSpec, ServiceView, Store, TimesView } from "../../control/service.ts";
import { connect } from "../connect.ts";
import { type ClientOptions, clientOptions, examples, printJson } from "../options.ts";
import { filterEscapes } from "../ui/escapes.ts";
import { routeText } from "../ui/route-text.ts";
import { paintState, shownState, tableWidth } from "../ui/state.ts";
import { bold } from "../ui/style.ts";
import { renderTable } from "../ui/table.ts";
import { formatAge, formatBytes, formatSpan } from "../ui/units.ts";

export function define(command: Command): void {
  clientOptions(command)
    .description(
      "Show everything about a service: state, revision, routes, instances, restarts with their reasons, grants.",
    )
    .argument("<NAME>", "name of a service")
    .action(async (name: string, options: ClientOptions) => {
      const { service } = await connect(options).getService(options.namespace, name);
      if (options.json) printJson(service);
      else process.stdout.write(`${serviceText(service, Date.now(), tableWidth())}\n`);
    });
  examples(command, [
    ["warren show shop", ""],
    ["warren show shop --json | jq -r .program", "the digest of its program"],
  ]);
}

/** A service as `warren show` prints it. */
export function serviceText(service: ServiceView, now: number, width: number | undefined): string {
  const { spec, requestTimes } = service;
  const facts: [string, string][] = [
    ["name", service.name],
    ["namespace", service.namespace],
    ["state", shownState(service)],
    ["reason", service.reason ?? ""],
    ["kind", service.kind],
    ["revision", `${service.revision}, deployed ${formatAge(now - Date.parse(service.deployedAt))} ago`],
    ["program", programText(service)],
    ["routes", service.routes.map((url, index) => routeText(url, service.routeNotes?.[index])).join("\n")],
    ["arguments", (spec.args ?? []).map((arg) => JSON.stringify(arg)).join(" ")],
    [
      "variables",
      Object.entries(spec.env ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join("\n"),
    ],
    ["directories", (spec.mount ?? []).map(mountText).join("\n")],
    ["stores", (spec.store ?? []).map(storeText).join("\n")],
    ["outbound", (spec.outbound ?? []).map(formatOutbound).join("\n")],
    ["isolation", spec.isolation === "process" ? "a worker of its own" : ""],
    ["memory limit", spec.limits?.memory ?? ""],
    ["CPU limit", spec.limits?.cpu === undefined ? "" : `${spec.limits.cpu} cores`],
    ["CPU weight", spec.limits?.weight === undefined ? "" : String(spec.limits.weight)],
    ["request limit", spec.limits?.request ?? ""],
    ["limits for all", boundsText(spec.limits)],
    ["for each client", boundsText(spec.limits?.client)],
    ["access log", spec.access === undefined ? "" : accessText(spec.access)],
    ["memory", formatBytes(service.memoryBytes)],
    ["requests", String(service.requests)],
    ["refused", refusedText(service.refused)],
    ["CPU time", formatSpan(service.cpuMs)],
    ["a request takes", requestTimes === undefined ? "" : timesText(requestTimes.wall)],
    ["CPU of a request", requestTimes === undefined ? "" : timesText(requestTimes.cpu)],
    ["held up", service.throttled === 0 ? "" : `${service.throttled} times by the CPU limit`],
    ["crashes", service.traps === 0 ? "" : String(service.traps)],
    ["limits hit", service.limitsHit === 0 ? "" : `${service.limitsHit} times`],
    ["restarts", String(service.restarts)],
  ];
  const given = facts.filter(([, value]) => value !== "");
  const indent = Math.max(...given.map(([key]) => key.length)) + 2;
  const lines = given.map(([key, value]) => {
    const text = value
      .split("\n")
      .map((line) => filterEscapes(line))
      .join(`\n${" ".repeat(indent)}`);
    return `${bold(key.padEnd(indent), process.stdout)}${key === "state" ? paintState(text) : text}`;
  });
  const layout = { width, titleStyle: (title: string) => bold(title, process.stdout) };
  if (service.instances.length > 0) {
    const rows = service.instances.map((instance) => [
      instance.worker,
      String(instance.revision),
      instance.state,
      instance.startedAt === undefined ? "" : formatAge(now - Date.parse(instance.startedAt)),
      instance.startMs === undefined ? "" : formatSpan(instance.startMs),
      formatBytes(instance.memoryBytes),
      formatSpan(instance.cpuMs),
    ]);
    const columns = ["WORKER", "REVISION", "STATE", "AGE", "STARTED IN", "MEMORY", "CPU"].map((title) =>
      title === "STATE" ? { title, style: paintState } : { title },
    );
    lines.push("", bold("instances", process.stdout), renderTable(columns, rows, layout));
  }
  for (const [title, events] of [
    ["last restarts", service.lastRestarts],
    ["last limits hit", service.lastLimits],
  ] as const) {
    if (events.length === 0) continue;
    const rows = events.map(({ at, reason }) => [`${formatAge(now - Date.parse(at))} ago`, reason]);
    const columns = [{ title: "WHEN" }, { title: "WHY", widthMin: 20 }];
    lines.push("", bold(title, process.stdout), renderTable(columns, rows, layout));
  }
  return lines.join("\n");
}

function boundsText(limits: Omit<NonNullable<ServiceSpec["limits"]>, "client"> | undefined): string {
  const { rate, connections, queue } = limits ?? {};
  const bounds = [
    rate,
    connections === undefined ? undefined : `${connections} connections`,
    queue === undefined ? undefined : `a queue of ${queue}`,
  ];
  return bounds.filter((bound) => bound !== undefined).join(", ");
}

function accessText({ format = "json", sample = 1 }: NonNullable<ServiceSpec["access"]>): string {
  return sample === 1 ? format : `${format}, ${Math.round(sample * 1000) / 10} % of the requests`;
}

function refusedText({ rate, connections, queue }: ServiceView["refused"]): string {
  const parts = [
    [rate, "by a rate"],
    [connections, "by connections"],
    [queue, "by the queue"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, by]) => `${count} ${by}`)
    .join(", ");
}

function programText({ program, programBytes }: ServiceView): string {
  return program === undefined ? "" : `${program} (${formatBytes(programBytes ?? 0)})`;
}

function mountText({ source, volume, size, tmp, target, mode }: Mount): string {
  if (tmp !== undefined) return `${target} in memory (${tmp})`;
  if (volume === undefined) return `${target} from ${source} (${mode ?? "ro"})`;
  return `${target} from the volume ${volume} (${mode ?? "rw"}${size === undefined ? "" : `, ${size}`})`;
}

function storeText({ name, as = name, mode = "rw", size }: Store): string {
  return `${as === name ? name : `${name} as ${as}`} (${mode}${size === undefined ? "" : `, ${size}`})`;
}

function timesText({ meanMs, p50Ms, p99Ms, maxMs }: TimesView): string {
  return `mean ${formatMs(meanMs)}, half ${formatMs(p50Ms)}, 99 of 100 ${formatMs(p99Ms)}, most ${formatMs(maxMs)}`;
}
