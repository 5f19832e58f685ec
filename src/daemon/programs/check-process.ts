import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
import type { Readable } from "node:stream";
import { errorFromRecord, WarrenError } from "../../base/errors.ts";
import {
  type CheckArguments,
  type CheckOrder,
  type CheckResult,
  preparedFd,
  programFd,
} from "../../engine/check/protocol.ts";
import type { LaunchPlan } from "../../worker/protocol.ts";
import { launch } from "../wall/launch.ts";

const lookEveryMs = 50;
const resultBytesMax = 64 * 1024;
/** Below the workers: a deploy must not take the time of what is served. */
const niceness = 5;

export interface CheckLimits {
  /** Time that the check may take. */
  readonly wallMsMax: number;
  /** Processor time of all its threads. */
  readonly cpuSecondsMax: number;
  /** Resident memory. */
  readonly memoryBytesMax: number;
  readonly preparedBytesMax: number;
}

export interface CheckRequest {
  /** Open for reading. It need not be whole before the check is told to run. */
  readonly programFd: number;
  /** Open for writing, empty. What stands there is good if the check is. */
  readonly preparedFd: number;
  readonly limits: CheckLimits;
  readonly start: CheckStart;
}

/** How the process is started. */
export interface CheckStart {
  readonly plan: (args: CheckArguments) => LaunchPlan;
  readonly launcher?: string;
}

/** Why the process was ended by us. */
type Ended = "time" | "memory";
type End = [code: number | null, signal: NodeJS.Signals | null];

/**
 * Checks and prepares a program in a process of its own, which a hostile program costs and nothing else. The process is
 * there from the beginning, and waits for the order to run.
 */
export class CheckProcess {
  readonly #limits: CheckLimits;
  readonly #child: ChildProcess;
  readonly #output: () => string;
  readonly #messages: () => string;
  readonly #closed: Promise<End>;
  readonly #look: NodeJS.Timeout;
  #ended: Ended | undefined;

  constructor({ programFd: program, preparedFd: prepared, limits, start }: CheckRequest) {
    this.#limits = limits;
    const args: CheckArguments = {
      preparedBytesMax: limits.preparedBytesMax,
      cpuSecondsMax: limits.cpuSecondsMax,
      dataBytesMax: limits.memoryBytesMax,
    };
    const stdio: (number | "pipe")[] = ["pipe", "pipe", "pipe"];
    stdio[programFd] = program;
    stdio[preparedFd] = prepared;
    const child = launch(start.plan(args), { stdio }, start.launcher);
    this.#child = child;
    const { pid } = child;
    if (pid !== undefined) yieldToOthers(pid);
    this.#look = setInterval(() => {
      if (pid !== undefined && residentBytes(pid) > limits.memoryBytesMax) this.#end("memory");
    }, lookEveryMs);
    this.#output = collect(child.stdout as Readable);
    this.#messages = collect(child.stderr as Readable);
    // One that ended before it was told anything shows in how it ended.
    child.stdin?.on("error", () => {});
    this.#closed = once(child, "close").finally(() => clearInterval(this.#look)) as Promise<End>;
    this.#closed.catch(() => {});
  }

  /** Whether it can still be told to run. */
  get waits(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Checks the program, whose memory may grow to so many bytes; to be called once. Throws what the check found,
   * `program.check-timeout`, `program.check-memory`, `program.check-crashed`.
   */
  async run(memoryBytesMax: number): Promise<void> {
    const late = setTimeout(() => this.#end("time"), this.#limits.wallMsMax);
    try {
      const order: CheckOrder = { memoryBytesMax };
      this.#child.stdin?.end(JSON.stringify(order));
      const [code, signal] = await this.#closed;
      const text = this.#output();
      if (code === 0 && text.endsWith("\n")) {
        const result = JSON.parse(text) as CheckResult;
        if ("error" in result) throw errorFromRecord(result.error);
        return;
      }
      throw failure(this.#ended, code, signal, this.#messages(), this.#limits);
    } catch (error) {
      if (error instanceof WarrenError) throw error;
      throw crashed(`it could not be run: ${(error as Error).message}`, error);
    } finally {
      clearTimeout(late);
    }
  }

  /** Ends it; what it was told is not done. Resolves when it has ended. */
  async abandon(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed.catch(() => {});
  }

  #end(why: Ended): void {
    this.#ended ??= why;
    this.#child.kill("SIGKILL");
  }
}

function failure(
  ended: Ended | undefined,
  code: number | null,
  signal: NodeJS.Signals | null,
  messages: string,
  limits: CheckLimits,
): WarrenError {
  // The kernel's own limit on processor time; see setrlimit(2).
  if (ended === "time" || signal === "SIGXCPU") {
    return new WarrenError(
      "program.check-timeout",
      `the program could not be compiled within ${limits.wallMsMax / 1000} s, or ${limits.cpuSecondsMax} s of processor time`,
      {
        status: 422,
        hint: "look for functions that are very large or have very many local variables; if the machine was busy, try again",
      },
    );
  }
  // SIGKILL that was not ours is the kernel's, out of memory.
  if (ended === "memory" || signal === "SIGKILL" || /out of memory|allocation failed/i.test(messages)) {
    return new WarrenError(
      "program.check-memory",
      `the program could not be compiled within ${Math.round(limits.memoryBytesMax / 2 ** 20)} MiB of memory`,
      { status: 422, hint: "look for functions that are very large or have very many local variables" },
    );
  }
  // An error's own line, if it is one: Node shows the code before it.
  const said = /^\w*Error: .*/m.exec(messages)?.[0] ?? messages.split("\n").find((line) => /[a-z]/i.test(line));
  return crashed(`${signal ?? `exit code ${code}`}${said === undefined ? "" : `: ${said.slice(0, 200)}`}`);
}

function crashed(why: string, cause?: unknown): WarrenError {
  return new WarrenError("program.check-crashed", `the process that compiled the program to check it failed (${why})`, {
    status: 422,
    hint: "compile the program again with a current toolchain; if others fail too, see: warren doctor",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Less of the processor than the services get. */
function yieldToOthers(pid: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    // It has ended already.
  }
}

/** Reads to the end, keeping the first bytes only. */
function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    if (bytes < resultBytesMax) chunks.push(chunk);
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString();
}

/** Resident set size by proc(5): the second field of statm, in pages; 0 when the process is gone. */
function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * pageBytes;
  } catch {
    return 0;
  }
}

// Linux on x86_64, and on arm64 as distributions build it.
const pageBytes = 4096;
