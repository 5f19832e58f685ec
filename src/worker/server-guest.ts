import type { Address } from "../base/address.ts";
import { Backoff } from "../base/backoff.ts";
import type { Conduit } from "../base/conduit.ts";
import type { DatagramPeer } from "../base/datagram-peer.ts";
import { WarrenError } from "../base/errors.ts";
import type { CpuShare } from "../engine/cpu/cpu-share.ts";
import type { Preemption } from "../engine/cpu/preemption.ts";
import type { Exit } from "../engine/exit.ts";
import { describeExit } from "../engine/exit.ts";
import type { GuestOptions } from "../engine/guest-options.ts";
import type { Instance } from "../engine/instance.ts";
import { startInstance } from "../engine/instance.ts";
import type { Program } from "../engine/launch.ts";
import type { MemoryBudget } from "../engine/memory-budget.ts";
import type { ServicePolicy } from "../net/service-policy.ts";
import { type Activity, queueCode, type StreamTarget } from "../net/target.ts";
import type { MountSpec } from "../wasi/files/mount.ts";
import type { CpuMeter } from "../wasi/guest-thread.ts";
import type { Outbound } from "../wasi/sockets/outbound.ts";
import { untilIdle, withinMs } from "./activity.ts";
import type { GuestLog } from "./guest-log.ts";
import { GuestUsage } from "./guest-usage.ts";
import type { GuestState, GuestStatus, Incident, InstanceSpec } from "./protocol.ts";

/** A guest that does not listen within this time is given up. */
const listenWithinMs = 30_000;
/** How long a request waits for an instance that is starting, and how many may. */
const connectWaitMs = 10_000;
const connectWaitersMax = 1024;
const crashLoopFrom = 3;
/** How long a guest may run without once waiting for something, when its manifest says nothing. */
export const burstMsMaxDefault = 30_000;
/** Descriptors of a server's guest: connections mostly. As many as the front holds connections. */
const descriptorsMax = 10_000;

const backoffOptions = { firstMs: 100, mostMs: 30_000, healthyMs: 10_000 } as const;

export interface GuestEnvironment {
  readonly log: GuestLog;
  /** One for the whole worker, so that time is counted once. */
  readonly meter: CpuMeter;
  /** What the meter shows while the guest runs. */
  readonly number: number;
  readonly preemption: Preemption;
  /** Of the worker. */
  readonly budget: MemoryBudget;
  /** Of the service: all of its instances draw on it, of every revision. */
  readonly share: CpuShare;
  /** Of the service too; undefined when its manifest has neither limits for clients nor an access log. */
  readonly policy: ServicePolicy | undefined;
  /** Its mounts, with the volumes among them open. */
  readonly mounts: readonly MountSpec[];
  /** What components are offered besides. */
  readonly offers: Pick<GuestOptions, "keyValue" | "log">;
  /** By which an instance reaches the outside. */
  outbound(): Outbound;
  /** Called at each change of state. */
  onState(status: GuestStatus): void;
  onIncident(incident: Incident): void;
}

/**
 * One revision of a server in this worker: keeps one instance of it alive, and is what routes point at. An instance that
 * ends is started again after a back-off; meanwhile connections wait, within bounds.
 */
export class ServerGuest {
  readonly kind = "stream";
  readonly spec: InstanceSpec;
  readonly #program: Program;
  readonly #environment: GuestEnvironment;
  readonly #usage: GuestUsage;
  readonly #backoff = new Backoff(backoffOptions);
  readonly #targets = new Map<number, StreamTarget>();
  #state: GuestState = "starting";
  #reason: string | undefined;
  #instance: Instance | undefined;
  /** Started, not listening yet. */
  #launching: Instance | undefined;
  #startedAt: number | undefined;
  #startMs: number | undefined;
  #restarts = 0;
  #lastRestarts: { at: number; reason: string }[] = [];
  /** CPU time of the instances that have ended. */
  #cpuMsBefore = 0;
  #waiters: { resolve(): void; reject(error: WarrenError): void }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #terminated: boolean = false;

  constructor(spec: InstanceSpec, program: Program, environment: GuestEnvironment) {
    this.spec = spec;
    this.#program = program;
    this.#environment = environment;
    this.#usage = new GuestUsage({ spec, ...environment });
  }

  get activity(): Activity {
    return this.#usage.activity;
  }

  get status(): GuestStatus {
    return {
      service: this.spec.service,
      revision: this.spec.revision,
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(this.#startedAt === undefined ? {} : { startedAt: this.#startedAt }),
      ...(this.#startMs === undefined ? {} : { startMs: this.#startMs }),
      restarts: this.#restarts,
      lastRestarts: this.#lastRestarts,
      memoryBytes: this.#instance?.memoryBytes ?? 0,
      cpuMs: this.#cpuMsBefore + (this.#instance?.cpuMs ?? 0),
      ...this.#usage.status,
    };
  }

  /** Starts the first instance. Rejects when it ends or does not listen in time, and then nothing is left of it. */
  async start(): Promise<void> {
    const instance = await this.#launch();
    this.#watch(instance);
  }

  /** Starts in the background, as after a crash: for services that the daemon brings back. */
  startLater(): void {
    void this.#relaunch();
  }

  /** The target of a route to one of the guest's ports; 0 is whichever it listens on. */
  target(port: number): StreamTarget {
    let target = this.#targets.get(port);
    if (target === undefined) {
      const answerMsMax = this.spec.requestMsMax;
      const { policy } = this.#environment;
      const connect = (from: Address): Conduit | Promise<Conduit> => this.#connect(from, port);
      target = { kind: "stream", activity: this.activity, policy, answerMsMax, connect };
      this.#targets.set(port, target);
    }
    return target;
  }

  get targets(): Iterable<StreamTarget> {
    return this.#targets.values();
  }

  /** A connection of another guest; the caller counts it. Errors as those of a target's. */
  dial(from: Address, port: number): Conduit | Promise<Conduit> {
    return this.#connect(from, port);
  }

  /** A datagram of a UDP route. It is dropped when no instance runs, as UDP may. */
  deliver(port: number, data: Uint8Array, peer: DatagramPeer): void {
    if (this.#environment.policy?.datagram(peer.address.ip, this.activity) === false) return;
    this.activity.requests++;
    const socket = this.#state === "running" ? this.#instance?.datagram(port === 0 ? undefined : port) : undefined;
    socket?.deliver(data, peer);
  }

  /**
   * Waits for what is in flight, then ends the instance. One that catches SIGTERM is sent it, and has what is left of the time, half of
   * it at the least: connections that stay open are its own to end then.
   */
  async stop(graceMs: number): Promise<void> {
    const until = performance.now() + graceMs;
    this.#leave();
    const asks = this.#instance?.catches("SIGTERM") ?? false;
    await untilIdle(this.activity, asks ? graceMs / 2 : graceMs);
    const instance = this.#instance;
    if (instance === undefined) return;
    if (this.terminate()) await withinMs(instance.exited, until - performance.now());
    instance.kill("stopped");
    await instance.exited;
    this.#cpuMsBefore += instance.cpuMs;
    this.#instance = undefined;
  }

  /** Sends SIGTERM, once. False where the instance did not ask for it. Nothing new is started from then on. */
  terminate(): boolean {
    if (!this.#terminated && this.#instance?.catches("SIGTERM")) {
      this.#leave();
      this.#terminated = this.#instance.signal("SIGTERM");
    }
    return this.#terminated;
  }

  /** No instance will follow this one. */
  #leave(): void {
    if (this.#state === "stopping") return;
    clearTimeout(this.#timer);
    this.#enter("stopping", undefined);
    this.#refuseWaiters(unavailable(this.spec.service, "it is being stopped"));
    this.#launching?.kill("stopped");
  }

  #connect(from: Address, port: number): Conduit | Promise<Conduit> {
    // An instance that has just ended closes its connections before we hear of its end; their requests may come here at once.
    const ended = this.#instance === undefined || this.#instance.ended;
    if (this.#state === "stopping" || (this.#state === "running" && !ended)) return this.#dial(from, port);
    if (this.#state === "crash-loop") throw unavailable(this.spec.service, `it keeps ending: ${this.#reason}`);
    if (this.#waiters.length >= (this.spec.queueMax ?? connectWaitersMax)) throw this.#queueFull();
    return new Promise<void>((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiters.push(waiter);
      setTimeout(() => {
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
        reject(unavailable(this.spec.service, "it did not start in time"));
      }, connectWaitMs).unref();
    }).then(() => this.#dial(from, port));
  }

  #dial(from: Address, port: number): Conduit {
    const listener = this.#instance?.listener(port === 0 ? undefined : port);
    if (listener === undefined) {
      throw unavailable(
        this.spec.service,
        port === 0 ? "its program does not listen" : `its program does not listen on port ${port}`,
      );
    }
    if (listener.pending >= (this.spec.queueMax ?? Number.POSITIVE_INFINITY)) throw this.#queueFull();
    try {
      return listener.connect(from);
    } catch (error) {
      if (error instanceof WarrenError && error.code === "service.backlog-full") throw this.#queueFull();
      if (error instanceof WarrenError && error.code === "limits.memory")
        this.#usage.limitHit("a connection was refused: the program's memory is over limits.memory");
      throw error;
    }
  }

  #queueFull(): WarrenError {
    this.#usage.refused.queue++;
    return queueFull(this.spec.service);
  }

  async #launch(): Promise<Instance> {
    const { spec } = this;
    const { log, meter, number, preemption, share, mounts, budget } = this.#environment;
    const began = performance.now();
    const stdout = log.stream(spec.service, spec.revision, "stdout");
    const stderr = log.stream(spec.service, spec.revision, "stderr");
    const instance = startInstance(this.#program, {
      args: [spec.service.slice(spec.service.indexOf("/") + 1), ...spec.args],
      env: spec.env,
      mounts,
      sockets: spec.ports,
      outbound: this.#environment.outbound(),
      ...this.#environment.offers,
      stdout,
      stderr,
      meter,
      number,
      cpu: { preemption, share, burstMsMax: spec.requestMsMax ?? burstMsMaxDefault },
      descriptorsMax,
      budget,
    });
    this.#launching = instance;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, listenWithinMs, "late");
    });
    const first = await Promise.race([instance.whenListening(), late]);
    clearTimeout(timer);
    this.#launching = undefined;
    if (first === true) {
      this.#instance = instance;
      this.#startedAt = Date.now();
      this.#startMs = performance.now() - began;
      return instance;
    }
    if (first === "late") {
      instance.kill("it did not listen in time");
      await instance.exited;
      throw new WarrenError(
        "deploy.not-listening",
        `${spec.service} ran for ${listenWithinMs / 1000} s and did not listen on ${portsText(spec)}`,
        {
          status: 422,
          hint: "a server listens on descriptor 3 (LISTEN_FDS) or opens its own port; see the logs for what it did",
        },
      );
    }
    throw endedEarly(spec, await instance.exited);
  }

  /** The instance runs: serve whoever waited, and start it again when it ends. */
  #watch(instance: Instance): void {
    this.#enter("running", undefined);
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
    const began = Date.now();
    void instance.exited.then((exit) => {
      if (this.#instance !== instance || this.#state === "stopping") return;
      this.#cpuMsBefore += instance.cpuMs;
      this.#instance = undefined;
      const reason = `it ${describeExit(exit)}`;
      if (exit.kind === "limit") this.#usage.limitHit(reason, true);
      if (exit.kind === "trap") this.#usage.trapped();
      this.#again(reason, Date.now() - began);
    });
  }

  #again(reason: string, ranMs: number): void {
    const waitMs = this.#backoff.ended(ranMs);
    this.#restarts++;
    this.#lastRestarts = [{ at: Date.now(), reason }, ...this.#lastRestarts].slice(0, 10);
    const looping = this.#backoff.failures >= crashLoopFrom;
    this.#environment.log.add(
      this.spec.service,
      this.spec.revision,
      "warren",
      `${reason}; starting it again${waitMs > 0 ? ` in ${waitMs} ms` : ""}`,
    );
    this.#enter(looping ? "crash-loop" : "restarting", reason);
    if (looping) this.#refuseWaiters(unavailable(this.spec.service, `it keeps ending: ${reason}`));
    this.#timer = setTimeout(() => void this.#relaunch(), waitMs);
  }

  async #relaunch(): Promise<void> {
    const began = Date.now();
    try {
      const instance = await this.#launch();
      if (this.#stopping()) {
        instance.kill("stopped");
        return;
      }
      this.#watch(instance);
    } catch (error) {
      if (!this.#stopping()) this.#again(error instanceof Error ? error.message : String(error), Date.now() - began);
    }
  }

  #stopping(): boolean {
    return this.#state === "stopping";
  }

  #enter(state: GuestState, reason: string | undefined): void {
    this.#state = state;
    this.#reason = reason;
    this.#environment.onState(this.status);
  }

  #refuseWaiters(error: WarrenError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }
}

/** 503: no instance can take the request now. */
export function unavailable(service: string, why: string): WarrenError {
  return new WarrenError("service.unavailable", `${service} cannot answer: ${why}`, { status: 503 });
}

/** 503: as many requests wait for the guest as may. */
export function queueFull(service: string): WarrenError {
  return new WarrenError(queueCode, `${service} cannot answer: too many requests wait for it`, { status: 503 });
}

function portsText(spec: InstanceSpec): string {
  return spec.ports.map(({ protocol, port }) => `${protocol} port ${port}`).join(", ") || "any port";
}

function endedEarly(spec: InstanceSpec, exit: Exit): WarrenError {
  const code = exit.kind === "trap" ? "deploy.trapped" : "deploy.exited";
  return new WarrenError(code, `${spec.service} ${describeExit(exit)} before it listened on ${portsText(spec)}`, {
    status: 422,
    hint:
      exit.kind === "exit" && exit.code === 0
        ? 'a server keeps running and listens; for a program that answers one request on stdout set kind = "cgi", to run a command once use: warren run'
        : "its last lines are in the log",
  });
}
