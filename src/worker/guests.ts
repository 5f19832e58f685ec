import { closeSync, fstatSync, readSync } from "node:fs";
import { WarrenError } from "../base/errors.ts";
import { CpuShare } from "../engine/cpu/cpu-share.ts";
import type { Program } from "../engine/launch.ts";
import { compilePrepared } from "../engine/program.ts";
import type { KeyValueStore } from "../wasi/keyvalue/key-value-store.ts";
import type { Outbound } from "../wasi/sockets/outbound.ts";
import { CgiGuest } from "./cgi-guest.ts";
import type { GuestLog } from "./guest-log.ts";
import type { HandlerGuest } from "./handler-guest.ts";
import { messageLog } from "./message-log.ts";
import { GuestMounts, VolumeAccounts } from "./mounts.ts";
import { RefusalLog } from "./outbound/refusal-log.ts";
import { Policies } from "./policies.ts";
import type { GuestStatus, InstanceSpec, StartWait } from "./protocol.ts";
import { weightDefault } from "./protocol.ts";
import type { GuestEnvironment } from "./server-guest.ts";
import { ServerGuest } from "./server-guest.ts";

export type Guest = ServerGuest | CgiGuest | HandlerGuest;

type WorkerEnvironment = Omit<GuestEnvironment, "number" | "share" | "policy" | "mounts" | "outbound" | "offers"> & {
  /** Where lines of access logs are collected. */
  readonly accessLog: GuestLog;
  outbound(spec: InstanceSpec, refusals: RefusalLog): Outbound;
  stores(spec: InstanceSpec): KeyValueStore;
};

/** Every guest of this worker: of each service the current revision and those that are being drained. */
export class Guests {
  readonly #environment: WorkerEnvironment;
  readonly #guests = new Map<string, Guest>();
  /** Compiled programs that are in use, by digest and memory limit: a thousand services of one program compile once. */
  readonly #programs = new Map<string, { program: Promise<Program>; users: number }>();

  readonly #shares = new Map<string, CpuShare>();

  readonly policies: Policies;

  /** Of the volumes that its guests mount, or that are served. */
  readonly accounts = new VolumeAccounts();
  readonly #mounts = new Map<Guest, GuestMounts>();

  constructor(environment: WorkerEnvironment) {
    this.#environment = environment;
    this.policies = new Policies(environment);
  }

  get(service: string, revision: number): Guest | undefined {
    return this.#guests.get(`${service}@${revision}`);
  }

  all(): Guest[] {
    return [...this.#guests.values()];
  }

  /** Of one service's guests, or of all. */
  statuses(service: string | undefined): GuestStatus[] {
    const guests = this.all().filter(({ spec }) => service === undefined || spec.service === service);
    return guests.map((guest) => guest.status);
  }

  /**
   * Starts a revision from the file of its prepared program and what its volumes are open by and its page of rates, which this takes over. Waiting for
   * it to listen, it rejects when the guest does not or its mounts cannot be had; waiting for room, when the worker has no memory
   * for it. Then nothing is left of it. Else the guest is tried again and again.
   * `number` tells on the worker's page that it runs.
   */
  async start(
    spec: InstanceSpec,
    [programFd, ...descriptors]: readonly [number, ...number[]],
    wait: StartWait,
    number: number,
  ): Promise<Guest> {
    const key = `${spec.service}@${spec.revision}`;
    const ratePage = spec.ratesShared === true ? descriptors.pop() : undefined;
    const mounts = new GuestMounts(spec.mounts, descriptors, this.accounts);
    const { log, outbound, stores } = this.#environment;
    const refusals = new RefusalLog((text) => log.add(spec.service, spec.revision, "warren", text));
    const environment: GuestEnvironment = {
      ...this.#environment,
      number,
      share: this.#share(spec),
      policy: this.policies.of(spec, ratePage),
      mounts: mounts.specs,
      outbound: () => outbound(spec, refusals),
      offers: { keyValue: stores(spec), log: messageLog(log, spec) },
    };
    let program: Program;
    try {
      if (wait === "listening") mounts.check();
      program = await this.#use(spec, programFd);
    } catch (error) {
      mounts.close();
      throw error;
    } finally {
      closeSync(programFd);
    }
    const guest = await newGuest(spec, program, environment);
    this.#guests.set(key, guest);
    this.#mounts.set(guest, mounts);
    try {
      if (wait !== "nothing") this.#environment.budget.check(program.initialBytes);
      if (guest.kind === "stream") await this.#startGuest(guest, wait);
      else if ("start" in guest && wait === "listening") await this.#startHandler(guest);
    } catch (error) {
      this.#forget(guest);
      throw error;
    }
    return guest;
  }

  async #startGuest(guest: ServerGuest, wait: StartWait): Promise<void> {
    if (wait !== "listening") return guest.startLater();
    try {
      await guest.start();
    } catch (error) {
      throw this.#withLastLines(guest.spec.service, error);
    }
  }

  /** Its first instance shows whether it can be initialised. */
  async #startHandler(guest: HandlerGuest): Promise<void> {
    try {
      await guest.start();
    } catch (error) {
      throw this.#withLastLines(guest.spec.service, error);
    }
  }

  /** Drains and ends a revision; its last status, undefined when it is not here. */
  async stop(service: string, revision: number, graceMs: number): Promise<GuestStatus | undefined> {
    const guest = this.get(service, revision);
    if (guest === undefined) return undefined;
    await guest.stop(graceMs);
    this.#forget(guest);
    return guest.status;
  }

  /** The service's part of the CPU: one for all of its instances and revisions, on the terms of the newest. */
  #share({ service, revision, cores, weight }: InstanceSpec): CpuShare {
    const share = this.#shares.get(service) ?? new CpuShare();
    share.onThrottled = () => {
      const message = `held up by limits.cpu = ${cores}`;
      this.#environment.onIncident({ service, revision, type: "throttled", message });
    };
    this.#shares.set(service, share);
    share.allot({ weight: weight / weightDefault, ...(cores === undefined ? {} : { cores }) });
    return share;
  }

  #forget(guest: Guest): void {
    const { service, revision } = guest.spec;
    this.#mounts.get(guest)?.close();
    this.#mounts.delete(guest);
    if (this.get(service, revision) === guest) this.#guests.delete(`${service}@${revision}`);
    const key = programKey(guest.spec);
    const entry = this.#programs.get(key);
    if (entry !== undefined && --entry.users === 0) this.#programs.delete(key);
    if (this.all().some((other) => other.spec.service === service)) return;
    this.#environment.log.forget(service);
    this.#shares.delete(service);
    this.policies.forget(service);
  }

  async #use(spec: InstanceSpec, fd: number): Promise<Program> {
    const key = programKey(spec);
    let entry = this.#programs.get(key);
    if (entry === undefined) {
      entry = { program: compilePrepared(readWhole(fd), { memoryMax: spec.memoryBytesMax }), users: 0 };
      this.#programs.set(key, entry);
    }
    entry.users++;
    try {
      return await entry.program;
    } catch (error) {
      if (--entry.users === 0) this.#programs.delete(key);
      throw error;
    }
  }

  /** A deploy that failed shows what the guest said last. */
  #withLastLines(service: string, error: unknown): unknown {
    const lines = this.#environment.log.tail(service);
    if (!(error instanceof WarrenError) || lines.length === 0) return error;
    const { code, message, status, hint } = error;
    return new WarrenError(code, `${message}\n${lines.map((line) => `  | ${line}`).join("\n")}`, {
      status,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

async function newGuest(spec: InstanceSpec, program: Program, environment: GuestEnvironment): Promise<Guest> {
  if (spec.kind === "cgi") return new CgiGuest(spec, program, environment);
  if (spec.kind === "server") return new ServerGuest(spec, program, environment);
  // Loaded by those that need it: it brings all of WASI 0.2 with it.
  const [{ HandlerGuest }, { instanceMaker }] = await Promise.all([
    import("./handler-guest.ts"),
    import("./handler/make-instance.ts"),
  ]);
  return new HandlerGuest(spec, instanceMaker(spec, program, environment), environment, { reuse: spec.reuse === true });
}

function programKey({ digest, memoryBytesMax }: InstanceSpec): string {
  return `${digest} ${memoryBytesMax}`;
}

/** From the beginning, whatever the descriptor's position: the daemon may have given the same file before. */
function readWhole(fd: number): Uint8Array {
  const bytes = new Uint8Array(fstatSync(fd).size);
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(fd, bytes, at, bytes.length - at, at);
    if (count === 0) throw new WarrenError("program.truncated", "the program's file ended early", { status: 500 });
    at += count;
  }
  return bytes;
}
