import { readdirSync } from "node:fs";
import { join } from "node:path";
import { errorRecord, WarrenError } from "../../base/errors.ts";
import type { WarrenClient } from "../../control/client.ts";
import { findDeployment } from "../deploy/deployment.ts";
import { printJson } from "../options.ts";
import { formatError } from "../report.ts";
import { Progress } from "../ui/progress.ts";
import { bold } from "../ui/style.ts";
import { type Answer, callHttp, callUdp } from "./call.ts";
import { DaemonProcess } from "./daemon-process.ts";
import { type DeployedExample, deployExample } from "./deploy-example.ts";
import { freePort, isFree } from "./free-port.ts";
import { Interruption } from "./interruption.ts";
import { answerText, DemoTable } from "./report.ts";

const preferredPort = 8080;
/** Compilers fill the cores by themselves. */
const buildsMax = 2;
const interruptedCode = 130;

export interface DemoOptions {
  readonly port: number | undefined;
  readonly json: boolean;
}

type Outcome =
  | ({ readonly state: "running"; readonly answer: Answer | undefined } & DeployedExample)
  | { readonly state: "skipped"; readonly name: string; readonly reason: string; readonly install: string | undefined }
  | { readonly state: "failed"; readonly name: string; readonly error: unknown };

/** The whole demo; resolves with the exit code: 1 when a service failed, 130 when it was interrupted before it was up. */
export async function runDemo({ port: wanted, json }: DemoOptions): Promise<number> {
  using interruption = new Interruption();
  const { signal } = interruption;
  try {
    if (wanted !== undefined && !(await isFree(wanted))) {
      throw new WarrenError("demo.port", `port ${wanted} is not free for both TCP and UDP`, {
        hint: "without --port a free one is taken",
      });
    }
    const port = wanted ?? (await freePort(preferredPort));
    using progress = new Progress();
    progress.step("starting a daemon");
    await using daemon = await DaemonProcess.start(`127.0.0.1:${port}`, signal);
    const outcomes = await bringUp(daemon.client, port, { json, signal, progress });
    progress.clear();
    if (json) printJson(outcomes.map(outcomeRecord));
    else if (process.stdout.isTTY) await stayUp(outcomes, port, signal);
    return outcomes.some(({ state }) => state === "failed") || !outcomes.some(({ state }) => state === "running")
      ? 1
      : 0;
  } catch (error) {
    if (signal.aborted) return interruptedCode;
    throw error;
  }
}

interface Surroundings {
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

async function bringUp(
  client: WarrenClient,
  port: number,
  { json, signal, progress }: Surroundings,
): Promise<Outcome[]> {
  const folder = join(import.meta.dirname, "../../../examples");
  const names = exampleNames(folder);
  progress.clear();
  const table = json ? undefined : new DemoTable(names);
  const outcomes: Outcome[] = [];
  const waiting = [...names];
  const busy = new Set<string>();
  const builder = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      signal.throwIfAborted();
      busy.add(name);
      progress.step(`building ${[...busy].join(", ")}`);
      const onProgress = (line: string) => progress.step(`building ${[...busy].join(", ")}: ${line}`);
      const outcome = await one(client, join(folder, name), name, { port, signal, onProgress });
      busy.delete(name);
      progress.clear();
      outcomes.push(outcome);
      if (outcome.state === "running") table?.running(outcome);
      else if (outcome.state === "skipped") table?.skipped(name, outcome.reason);
      else table?.failed(name);
      if (busy.size > 0) progress.step(`building ${[...busy].join(", ")}`);
    }
  };
  await Promise.all(Array.from({ length: buildsMax }, builder));

  if (!json)
    process.stdout.write(
      `\n${bold("Each is called", process.stdout)} as a browser does, by its Host header; the UDP one with a datagram.\n`,
    );
  const called: Outcome[] = [];
  for (const outcome of outcomes) called.push(outcome.state === "running" ? await call(outcome, port, json) : outcome);
  if (!json) printTroubles(called);
  return called;
}

function exampleNames(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => findDeployment(join(folder, name)).program !== undefined)
      .sort();
  } catch (error) {
    throw new WarrenError("demo.no-examples", `the examples are not where they should be, in ${folder}`, {
      hint: "run the demo from a clone of the repository",
      cause: error,
    });
  }
}

async function one(
  client: WarrenClient,
  folder: string,
  name: string,
  options: { readonly port: number; readonly signal: AbortSignal; readonly onProgress: (line: string) => void },
): Promise<Outcome> {
  try {
    return { state: "running", answer: undefined, ...(await deployExample(client, folder, options)) };
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof WarrenError && error.code === "toolchain.missing")
      return { state: "skipped", name, reason: error.message, install: error.hint };
    return { state: "failed", name, error };
  }
}

async function call(example: Extract<Outcome, { state: "running" }>, port: number, json: boolean): Promise<Outcome> {
  try {
    const { target } = example;
    const answer =
      target.protocol === "udp" ? await callUdp(port, `hello from Warren's demo`) : await callHttp(port, target.host);
    if (!json) process.stdout.write(`${answerText(target, port, answer)}\n`);
    if (target.protocol === "http" && answer.status !== "200") {
      throw new WarrenError("demo.call", `${example.name} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
    }
    return { ...example, answer };
  } catch (error) {
    return { state: "failed", name: example.name, error };
  }
}

function printTroubles(outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    if (outcome.state === "skipped") process.stdout.write(`\nskipped: ${outcome.reason}\n  ${outcome.install ?? ""}\n`);
    else if (outcome.state === "failed")
      process.stderr.write(`\n${outcome.name} failed\n${formatError(outcome.error)}\n`);
  }
}

async function stayUp(outcomes: readonly Outcome[], port: number, signal: AbortSignal): Promise<void> {
  const urls = outcomes.flatMap((outcome) =>
    outcome.state === "running" && outcome.target.protocol === "http"
      ? [`  http://${outcome.target.host}:${port}/`]
      : [],
  );
  if (urls.length === 0) return;
  process.stdout.write(`\n${bold("They stay up until Ctrl-C:", process.stdout)}\n${urls.join("\n")}\n`);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  process.stdout.write("\nstopping\n");
}

function outcomeRecord(outcome: Outcome): object {
  switch (outcome.state) {
    case "running": {
      const { name, state, language, answer, target } = outcome;
      const { kind, programBytes, memoryBytes, routes } = outcome.service;
      return {
        name,
        state,
        language,
        kind,
        programBytes,
        startMs: outcome.startMs,
        memoryBytes,
        routes,
        protocol: target.protocol,
        answer,
      };
    }
    case "skipped":
      return outcome;
    case "failed": {
      const { status: _, ...error } = errorRecord(outcome.error);
      return { name: outcome.name, state: outcome.state, error };
    }
  }
}
