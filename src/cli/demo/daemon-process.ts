import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { WarrenError } from "../../base/errors.ts";
import { WarrenClient } from "../../control/client.ts";

const startMsMax = 30_000;
/** Longer than the daemon gives the requests in flight. */
const stopMsMax = 15_000;
const pollMs = 25;
const outputCharsMax = 16_384;

/** A daemon for this demo alone: its own process, and its state in a temporary directory that goes when it does. */
export class DaemonProcess implements AsyncDisposable {
  readonly client: WarrenClient;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = "";

  private constructor(folder: string, http: string) {
    this.#folder = folder;
    const socket = join(folder, "warren.sock");
    // The script that runs now: the command itself.
    const main = process.argv[1] ?? "";
    const args = [
      "serve",
      "--state",
      join(folder, "state"),
      "--socket",
      socket,
      "--http",
      http,
      "--log-format",
      "text",
    ];
    // In a process group of its own, so that Ctrl-C on the terminal reaches only the demo, which then ends the daemon in order.
    this.#child = spawn(process.execPath, [...process.execArgv, main, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-outputCharsMax);
    };
    this.#child.stdout?.on("data", keep);
    this.#child.stderr?.on("data", keep);
    this.client = new WarrenClient(`unix://${socket}`);
  }

  /** Resolves when the daemon answers. Throws `demo.daemon` with what it printed when it ends or does not answer. */
  static async start(http: string, signal: AbortSignal): Promise<DaemonProcess> {
    const daemon = new DaemonProcess(mkdtempSync(join(tmpdir(), "warren-demo-")), http);
    try {
      await daemon.#answering(signal);
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #answering(signal: AbortSignal): Promise<void> {
    for (const until = performance.now() + startMsMax; performance.now() < until; ) {
      signal.throwIfAborted();
      if (this.#ended) break;
      try {
        const { workers } = await this.client.health();
        if (workers.some(({ state }) => state === "ready")) return;
      } catch (error) {
        if (!(error instanceof WarrenError) || !error.code.startsWith("daemon.")) throw error;
      }
      await pause(pollMs);
    }
    const what = this.#ended ? "ended" : `did not answer within ${startMsMax / 1000} s`;
    throw new WarrenError("demo.daemon", `the daemon ${what}; it printed:\n${this.#output.trimEnd()}`);
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends the daemon and its workers, and removes their state. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended && this.#child.pid !== undefined) {
      const exited = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      const inTime = await Promise.race([exited.then(() => true), pause(stopMsMax, false, { ref: false })]);
      if (!inTime) {
        // The group: workers outlive a killed daemon by design.
        process.kill(-this.#child.pid, "SIGKILL");
        await exited;
      }
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
