import { basename } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import type { CpuTerms } from "../../engine/cpu/preemption.ts";
import { setGuestStack } from "../../engine/guest-stack.ts";
import { startInstance } from "../../engine/instance.ts";
import type { PublicPort } from "../../engine/public-port.ts";
import type { Refusal } from "../../wasi/sockets/dialler.ts";
import type { Outbound } from "../../wasi/sockets/outbound.ts";
import { reportError } from "../report.ts";
import { filterEscapes } from "../ui/escapes.ts";
import { hasColour } from "../ui/style.ts";
import { endBySignal, signals } from "./end-process.ts";
import { exitCode } from "./exit-code.ts";
import type { Grants, ListenGrant } from "./grants.ts";
import { GuestSignals } from "./guest-signals.ts";
import { LastWords } from "./last-words.ts";
import { compileCached } from "./program-cache.ts";
import { readProgram } from "./read-program.ts";
import type { Failure, Missing } from "./refusals.ts";
import { StandardInput, standardOutput } from "./standard-streams.ts";
import { isTerminal, restoreTerminal, takeKeys, terminalVariables } from "./terminal.ts";
import { unreachablePort } from "./unreachable-port.ts";
import { unblockUserSignal } from "./user-signal.ts";

/** All that wasm32 can address. */
export const memoryMaxDefault: number = 4 * 1024 ** 3;
/** As native programs have on Linux (ulimit -s). */
const stackBytes = 8 * 1024 ** 2;
/** Of what the network refused, so many are told. */
export const refusalsMax = 16;
/** As timeout(1) does. */
const timeOverCode = 124;

export interface Run {
  /** The program's file. */
  readonly path: string;
  /** What it is called: the first of its arguments. */
  readonly name: string;
  readonly args: readonly string[];
  readonly grants: Grants;
  /** That the file must have, if it is known: SHA-256 in hexadecimal. */
  readonly digest?: string | undefined;
  readonly json: boolean;
}

/**
 * Runs a program to its end; resolves with the exit code. Ctrl-C needs no care of ours: with no handler installed SIGINT
 * ends the process at once, also while the guest computes. A signal that the program raised ends this process too.
 */
export async function runProgram(run: Run): Promise<number> {
  const { path, name, args, grants, digest, json } = run;
  unblockUserSignal();
  const memoryMax = grants.memoryMax ?? memoryMaxDefault;
  // It has the process to itself, and Ctrl-C ends that: without a limit checks would only slow it down. One that has taken
  // the keys must leave us our events.
  const interruptible = grants.cpu !== undefined || grants.timeMs !== undefined || grants.interactive;
  const bytes = readProgram(path, digest);
  const program = await compileCached(bytes, { memoryBytesMax: memoryMax, interruptible }).catch(unlessGojs);
  if (program === undefined) {
    const { runGojsProgram } = await import("./run-gojs.ts");
    return runGojsProgram(bytes, run);
  }
  if (program.kind === "handler") {
    throw new WarrenError("program.handler", `${path} answers HTTP requests: there is nothing to run`, {
      hint: `serve it: warren deploy ${path}`,
    });
  }
  const terminals = { stdin: isTerminal(0), stdout: isTerminal(1), stderr: isTerminal(2) };
  const keys = grants.interactive && terminals.stdin;
  const output = (fd: 1 | 2): ((chunk: Uint8Array) => void) =>
    standardOutput(fd, {
      filter: keys || !isTerminal(fd) ? undefined : { colour: hasColour(fd === 1 ? process.stdout : process.stderr) },
      onBroken: () => {
        restoreTerminal();
        endBySignal(signals.brokenPipe);
      },
    });
  setGuestStack(stackBytes);
  const lastWords = new LastWords();
  const network: Refusal[] = [];
  const ports = await openPorts(grants.listen);
  const errors = output(2);
  const guestSignals = new GuestSignals(grants.interactive);
  const instance = startInstance(program, {
    args: [name, ...args],
    env: { ...(grants.interactive ? terminalVariables() : {}), ...grants.env },
    mounts: grants.mounts,
    stdin: new StandardInput(),
    stdout: output(1),
    stderr: (chunk) => {
      lastWords.push(chunk);
      errors(chunk);
    },
    terminals,
    sockets: grants.listen.map(({ protocol, address }) => ({ protocol, port: address.port })),
    ...(grants.outbound.length + grants.unix.length > 0 ? { outbound: await wayOut(grants) } : {}),
    onListen: (port, protocol) => {
      const missing = unreachablePort(grants.listen, port, protocol);
      if (missing !== undefined) tellMissing(basename(name, ".wasm"), missing, json);
    },
    onRefused: (refusal) => {
      if (network.length < refusalsMax) network.push(refusal);
    },
    onSignalAction: guestSignals.onAction,
    onSignalTaken: guestSignals.onTaken,
    ...(interruptible ? { cpu: await cpuTerms(grants.cpu) } : {}),
  });
  guestSignals.instance = instance;
  for (const [at, port] of ports.entries()) port.attach(instance, grants.listen[at]?.address.port ?? 0);
  if (keys) takeKeys();
  let timeOver = false;
  // Without a timer, a guest that waits for what will never come would hold nothing that keeps Node from ending.
  const awake = setTimeout(() => {
    if (grants.timeMs === undefined) awake.refresh();
    else {
      timeOver = true;
      instance.kill("its time is over");
    }
  }, grants.timeMs ?? timeoutMsMax);
  const exit = await instance.exited;
  clearTimeout(awake);
  restoreTerminal();
  if (timeOver) {
    return reportTimeOver(run);
  }
  const code = exitCode(path, exit, json);
  if (code !== 0) {
    const failure = { args, grants, network, lastWords: lastWords.text(), memoryBytes: instance.memoryBytes };
    await reportMissing(basename(name, ".wasm"), failure, json);
  }
  if (exit.kind === "exit" && exit.signal !== undefined) endBySignal(exit.signal);
  return code;
}

/** Undefined for a Go program that was made for a JavaScript host. */
function unlessGojs(error: unknown): undefined {
  if (!(error instanceof WarrenError) || error.code !== "program.gojs") throw error;
}

/** Prints that the program ran for too long; the exit code. */
export function reportTimeOver({ path, grants, json }: Run): number {
  const message = `${path} was stopped: it ran for longer than ${(grants.timeMs ?? 0) / 1000} s (--time)`;
  reportError(new WarrenError("limit.time", message), { json });
  return timeOverCode;
}

/** Prints what the program seems to have been refused. */
export async function reportMissing(name: string, failure: Failure, json: boolean): Promise<void> {
  const { missingGrants } = await import("./refusals.ts");
  for (const missing of missingGrants(failure)) tellMissing(name, missing, json);
}

function tellMissing(name: string, { what, why, flag }: Missing, json: boolean): void {
  const text = json
    ? JSON.stringify({ missing: { what, why, flag } })
    : filterEscapes(`${name}: ${what}: ${why}; add ${flag}`);
  process.stderr.write(`${text}\n`);
}

/** Its modules load Node's for networks, which take milliseconds. */
export async function wayOut({ outbound, unix }: Grants): Promise<Outbound> {
  const { directOutbound } = await import("../../wasi/sockets/direct-outbound.ts");
  return directOutbound(outbound, { unix });
}

async function openPorts(grants: readonly ListenGrant[]): Promise<readonly PublicPort[]> {
  if (grants.length === 0) return [];
  const { openPublicPort } = await import("../../engine/public-port.ts");
  return Promise.all(grants.map(({ protocol, address }) => openPublicPort(protocol, address)));
}

/** setTimeout takes no more. */
const timeoutMsMax = 2 ** 31 - 1;

/** Its modules bring a thread with them and take their time to load. */
async function cpuTerms(cores: number | undefined): Promise<CpuTerms> {
  const { Preemption } = await import("../../engine/cpu/preemption.ts");
  const { CpuShare } = await import("../../engine/cpu/cpu-share.ts");
  const share = new CpuShare(cores === undefined ? {} : { cores });
  return { preemption: new Preemption(), share, burstMsMax: Number.POSITIVE_INFINITY };
}
