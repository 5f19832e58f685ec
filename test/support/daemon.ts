import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { digestOf } from "../../src/base/digest.ts";
import { WarrenClient } from "../../src/control/client.ts";
import type { ServiceSpec, ServiceView } from "../../src/control/service.ts";
import { buildGuest, type GuestName } from "../guests/build.ts";
import { isAlive } from "./process.ts";

const launcher = join(import.meta.dirname, "../../warren");

export interface DaemonSettings {
  readonly workers?: number;
  /** State directory; a fresh one when absent. */
  readonly state?: string;
  readonly http?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** `debug` logs each step of a deploy. */
  readonly logLevel?: "debug" | "info";
  /** More options of `warren serve`. */
  readonly args?: readonly string[];
  /** Who starts it, and owns the state; only root may choose. */
  readonly user?: number;
  /** The command, where it is not this checkout's. */
  readonly command?: string;
}

/** One line of the daemon's JSON log. */
export type LogRecord = Record<string, unknown> & { msg?: string };

/** The real daemon, started as a user starts it and driven through its public interface. */
export class TestDaemon {
  readonly state: string;
  readonly socket: string;
  readonly client: WarrenClient;
  readonly #workers: number;
  readonly #env: NodeJS.ProcessEnv;
  readonly #logLevel: string;
  readonly #args: readonly string[];
  readonly #user: number | undefined;
  readonly #command: string;
  readonly log: LogRecord[] = [];
  #http: string;
  #https: string | undefined;
  #child: ChildProcess | undefined;
  #watchers = new Set<() => void>();

  private constructor(settings: DaemonSettings) {
    this.state = settings.state ?? mkdtempSync(join(tmpdir(), "warren-test-"));
    this.socket = join(this.state, "api.sock");
    this.client = new WarrenClient(`unix://${this.socket}`);
    this.#workers = settings.workers ?? 2;
    this.#http = settings.http ?? "127.0.0.1:0";
    this.#env = { ...process.env, ...settings.env };
    this.#logLevel = settings.logLevel ?? "info";
    this.#args = settings.args ?? [];
    this.#user = settings.user;
    this.#command = settings.command ?? launcher;
    if (this.#user !== undefined) chownSync(this.state, this.#user, this.#user);
  }

  /** Starts a daemon that ends with the test, or with whatever else calls back at its end. */
  static async start(t: Pick<TestContext, "after">, settings: DaemonSettings = {}): Promise<TestDaemon> {
    const daemon = new TestDaemon(settings);
    t.after(() => daemon.destroy());
    await daemon.launch();
    return daemon;
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  /** The port of the HTTP listener. */
  get port(): number {
    return Number(/:([0-9]+)$/.exec(this.#http)?.[1]);
  }

  /** The port of the first HTTPS listener. */
  get httpsPort(): number {
    return Number(/:([0-9]+)$/.exec(this.#https ?? "")?.[1]);
  }

  /** Starts the process; also again, after it was killed, on the same port and state. */
  async launch(): Promise<void> {
    const args = [
      "serve",
      "--state",
      this.state,
      "--socket",
      this.socket,
      "--http",
      this.#http,
      "--workers",
      String(this.#workers),
      "--log-format",
      "json",
      "--log-level",
      this.#logLevel,
      ...this.#args,
    ];
    const child = spawn(this.#command, args, {
      stdio: ["ignore", "inherit", "pipe"],
      env: this.#env,
      ...(this.#user === undefined ? {} : { uid: this.#user, gid: this.#user }),
    });
    this.#child = child;
    const from = this.log.length;
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      try {
        this.log.push(JSON.parse(line) as LogRecord);
      } catch {
        this.log.push({ msg: line });
      }
      for (const wake of this.#watchers) wake();
    });
    const exited = once(child, "exit").then(([code, signal]) => {
      throw new Error(
        `the daemon ended (${signal ?? code}):\n${this.log
          .slice(from)
          .map((record) => JSON.stringify(record))
          .join("\n")}`,
      );
    });
    exited.catch(() => {});
    const listening = await Promise.race([this.logged("listening", from), exited]);
    const [address] = listening.http as string[];
    this.#http = (address as string).replace("http://", "");
    this.#https = (listening.https as string[] | undefined)?.[0];
  }

  /** Resolves with the first log record with this message, from a place in the log on. */
  logged(message: string, from = 0): Promise<LogRecord> {
    return this.loggedWhere((record) => record.msg === message, from);
  }

  async loggedWhere(wanted: (record: LogRecord) => boolean, from = 0): Promise<LogRecord> {
    for (;;) {
      const found = this.log.slice(from).find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#watchers.delete(wake);
          resolve();
        };
        this.#watchers.add(wake);
      });
    }
  }

  /** Sends a signal and waits for the end. */
  async kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const child = this.#child as ChildProcess;
    if (child.exitCode === null && child.signalCode === null) {
      const end = once(child, "exit");
      child.kill(signal);
      await end;
    }
    return { code: child.exitCode, signal: child.signalCode };
  }

  /** Uploads a guest and deploys it. */
  async deploy(name: string, guest: GuestName, more: Partial<ServiceSpec> = {}): Promise<ServiceView> {
    return this.deployBytes(name, readFileSync(await buildGuest(guest)), more);
  }

  async deployBytes(name: string, program: Uint8Array, more: Partial<ServiceSpec> = {}): Promise<ServiceView> {
    const digest = digestOf(program);
    await this.client.uploadProgram("default", program, digest);
    const { service } = await this.client.putService("default", { name, program: digest, ...more });
    return service;
  }

  /** Pids of the workers that live, of this daemon and earlier ones. */
  workerPids(): number[] {
    return this.#pidsOf("/worker/main.js");
  }

  /** Those of the connectors. */
  connectorPids(): number[] {
    return this.#pidsOf("/worker/connector/main.js");
  }

  #pidsOf(entry: string): number[] {
    return readdirSync("/proc")
      .filter((name) => /^[0-9]+$/.test(name))
      .filter((pid) => {
        try {
          // The standard output of each is a log in its state directory.
          return (
            readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(entry) &&
            readlinkSync(`/proc/${pid}/fd/1`).startsWith(this.state)
          );
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  /** Ends the daemon and every worker, whatever state they are in. */
  async destroy(): Promise<void> {
    if (this.#child !== undefined) await this.kill("SIGKILL");
    const workers = [...this.workerPids(), ...this.connectorPids()];
    for (const pid of workers) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
    // Until then they hold the state directory's file system, and memory that the next test may count.
    while (workers.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 10));
    rmSync(this.state, { recursive: true, force: true, maxRetries: 5 });
  }
}
