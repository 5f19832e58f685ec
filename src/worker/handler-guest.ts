import { WarrenError } from "../base/errors.ts";
import { describeSpent } from "../base/spent.ts";
import { describeExit, type Exit } from "../engine/exit.ts";
import type { ServicePolicy } from "../net/service-policy.ts";
import type { Activity, RequestTarget, TargetRequest, TargetResponse } from "../net/target.ts";
import { HttpClient } from "../wasi/http/http-client.ts";
import { HttpContext } from "../wasi/p2/http/host.ts";
import { IncomingRequest } from "../wasi/p2/http/incoming-request.ts";
import { ResponseOutparam } from "../wasi/p2/http/response-outparam.ts";
import { Dialler } from "../wasi/sockets/dialler.ts";
import { VirtualNetwork } from "../wasi/sockets/virtual-network.ts";
import { untilIdle } from "./activity.ts";
import { GuestUsage } from "./guest-usage.ts";
import { AnswerTurn } from "./handler/answer-turn.ts";
import { HandlerExchange } from "./handler/exchange.ts";
import { InstanceSlot } from "./handler/instance-slot.ts";
import type { MakeInstance, PooledInstance } from "./handler/pooled-instance.ts";
import type { GuestState, GuestStatus, InstanceSpec } from "./protocol.ts";
import type { GuestEnvironment } from "./server-guest.ts";
import { queueFull, unavailable } from "./server-guest.ts";

/** Requests that wait for an instance. */
const waitersMax = 1024;
/** As long as the front waits for an answer. */
const requestMsMaxDefault = 300_000;
/** While requests wait, how often it is looked at whether another instance would help them. */
const growMs = 1;
/** A request that has waited so long behind others that compute gets an instance of its own, to take turns with them. */
const behindMsMax = 10;
const sweepMsMax = 1000;
const sweepMsMin = 5;

export interface HandlerOptions {
  /** An instance keeps its state from one request to the next. */
  readonly reuse?: boolean;
  /** Instances in this worker at a time. */
  readonly instancesMax?: number;
  /** Instances that have nothing to do for so long are let go, all but one. Milliseconds. */
  readonly idleMsMax?: number;
  /** How long a guest may go on that answers a client who is gone. Milliseconds. */
  readonly goneMsMax?: number;
}

type Environment = Pick<GuestEnvironment, "log" | "share" | "policy" | "onIncident" | "outbound">;

/**
 * One revision of a handler in this worker: instances of it, each for one request at a time and as new for each, as many as
 * there are requests under way.
 */
export class HandlerGuest implements RequestTarget {
  readonly kind = "request";
  readonly spec: InstanceSpec;
  readonly #make: MakeInstance;
  readonly #environment: Environment;
  readonly #options: Required<HandlerOptions>;
  readonly #usage: GuestUsage;
  readonly #client: HttpClient;
  readonly #dialler: Dialler;
  readonly #turn = new AnswerTurn();
  readonly #startedAt = Date.now();
  readonly #slots = new Set<InstanceSlot>();
  /** Those without a request; the last used is the next to be used. */
  readonly #idle: InstanceSlot[] = [];
  #making = 0;
  #waiting: HandlerExchange[] = [];
  #grower: NodeJS.Timeout | undefined;
  /** performance.now() */
  #grownAt = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #state: GuestState = "running";
  /** Of the instances that are no more. */
  #cpuMsBefore = 0;

  constructor(spec: InstanceSpec, make: MakeInstance, environment: Environment, options: HandlerOptions = {}) {
    this.spec = spec;
    this.#make = make;
    this.#environment = environment;
    this.#options = { reuse: false, instancesMax: 64, idleMsMax: 10_000, goneMsMax: 2000, ...options };
    this.#usage = new GuestUsage({ spec, ...environment });
    this.#dialler = new Dialler(new VirtualNetwork(), environment.outbound());
    this.#client = new HttpClient({ dialler: this.#dialler });
  }

  get policy(): ServicePolicy | undefined {
    return this.#environment.policy;
  }

  get activity(): Activity {
    return this.#usage.activity;
  }

  /** Instances that there are. */
  get instances(): number {
    return this.#slots.size;
  }

  get status(): GuestStatus {
    let memoryBytes = 0;
    let cpuMs = this.#cpuMsBefore;
    for (const { instance } of this.#slots) {
      memoryBytes += instance.memoryBytes;
      cpuMs += instance.cpuMs;
    }
    return {
      service: this.spec.service,
      revision: this.spec.revision,
      state: this.#state,
      startedAt: this.#startedAt,
      ...this.#usage.failures,
      memoryBytes,
      cpuMs,
      ...this.#usage.status,
    };
  }

  /** Makes the first instance. Throws what the making of it throws. */
  async start(): Promise<void> {
    this.#next(this.#add(await this.#make(new HttpContext(this.#client))));
  }

  async stop(graceMs: number): Promise<void> {
    this.#state = "stopping";
    await untilIdle(this.activity, graceMs);
    clearInterval(this.#sweeper);
    clearTimeout(this.#grower);
    this.#sweeper = undefined;
    for (const exchange of this.#waiting.splice(0)) exchange.end(() => unavailable(this.spec.service, "it is stopped"));
    for (const slot of [...this.#slots])
      this.#discard(slot, "stopped", unavailable(this.spec.service, "it is stopped"));
    this.#client.close();
    this.#dialler.close();
  }

  handle(request: TargetRequest): Promise<TargetResponse> {
    const exchange = new HandlerExchange(request, this.#turn);
    const slot = this.#idle.pop();
    if (slot !== undefined) this.#run(slot, exchange);
    else this.#wait(exchange);
    this.#sweeper ??= setInterval(this.#sweep, this.#sweepMs).unref();
    return exchange.response;
  }

  #run(slot: InstanceSlot, exchange: HandlerExchange): void {
    const { instance } = slot;
    const { host } = instance;
    slot.exchange = exchange;
    slot.cpuMsBefore = instance.cpuMs;
    exchange.request.onGone = () => this.#gone(slot, exchange);
    // Only the log of requests asks for it.
    if (this.#environment.policy !== undefined)
      exchange.cpuMs = () => (slot.exchange === exchange ? slot.cpuMs : exchange.cpuSpentMs);
    try {
      instance
        .handle(new IncomingRequest(host, exchange), new ResponseOutparam(host, exchange))
        .then(slot.returned, slot.failed);
    } catch (error) {
      slot.failed(error);
    }
  }

  /** No instance is idle: whichever is free first takes it. */
  #wait(exchange: HandlerExchange): void {
    if (this.#waiting.length >= (this.spec.queueMax ?? waitersMax)) {
      this.#usage.refused.queue++;
      exchange.fail(queueFull(this.spec.service));
      return;
    }
    this.#waiting.push(exchange);
    exchange.request.onGone = () => {
      const index = this.#waiting.indexOf(exchange);
      if (index >= 0) this.#waiting.splice(index, 1);
      exchange.end(clientGone);
    };
    if (this.#slots.size + this.#making === 0) this.#grow();
    else this.#grower ??= setTimeout(this.#growLater, growMs);
  }

  /**
   * More instances help when those that there are wait for something, or compute for long: only one computes at a time, and one that is
   * used again and again is quicker than many in turn.
   */
  readonly #growLater = (): void => {
    this.#grower = undefined;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const now = performance.now();
    const { instancesMax } = this.#options;
    const room = instancesMax - this.#slots.size - this.#making;
    const parked = this.#making === 0 && this.#slots.values().every(({ instance }) => instance.waiting);
    const behind = now - Math.max(first.startedAt, this.#grownAt) >= behindMsMax;
    const wanted = parked ? Math.max(1, this.#slots.size) : behind ? 1 : 0;
    for (let count = Math.min(wanted, room, this.#waiting.length); count > 0; count--) this.#grow();
    if (this.#waiting.length > 0) this.#grower ??= setTimeout(this.#growLater, growMs);
  };

  #grow(): void {
    this.#grownAt = performance.now();
    let made: PooledInstance | Promise<PooledInstance>;
    try {
      made = this.#make(new HttpContext(this.#client));
    } catch (error) {
      this.#notMade(error);
      return;
    }
    if (!(made instanceof Promise)) {
      this.#next(this.#add(made));
      return;
    }
    this.#making++;
    made.then(
      (instance) => {
        this.#making--;
        this.#next(this.#add(instance));
      },
      (error) => {
        this.#making--;
        this.#notMade(error);
      },
    );
  }

  #add(instance: PooledInstance): InstanceSlot {
    const slot = new InstanceSlot(instance, this.#returned, this.#failed);
    this.#slots.add(slot);
    return slot;
  }

  /** Those that wait are served by the instances that there are; without any they cannot be. */
  #notMade(error: unknown): void {
    const known = error instanceof WarrenError ? error : unavailable(this.spec.service, "it could not be started");
    if (known.code === "worker.memory-budget") this.#usage.limitHit(`an instance was refused: ${known.message}`);
    else this.#usage.failed(`an instance could not be made: ${error instanceof Error ? error.message : String(error)}`);
    if (this.#slots.size > 0 || this.#making > 0) return;
    for (const exchange of this.#waiting.splice(0)) exchange.end(() => known);
  }

  /** Gives an instance the next request, if one waits. */
  #next(slot: InstanceSlot): void {
    const exchange = this.#waiting.shift();
    if (exchange !== undefined) this.#run(slot, exchange);
    else {
      slot.idleSince = performance.now();
      this.#idle.push(slot);
    }
  }

  readonly #returned = (slot: InstanceSlot): void => {
    const { exchange } = slot;
    if (slot.dead || exchange === undefined) return;
    const { settled } = exchange;
    exchange.end(settled ? brokeOff : noAnswer);
    if (!settled) this.#usage.failed("a request was not answered");
    this.#done(slot, exchange);
    if (this.#renew(slot)) this.#next(slot);
    else this.#discard(slot, "its state cannot be reset", brokeOff());
  };

  readonly #failed = (slot: InstanceSlot, error: unknown): void => {
    if (slot.dead) return;
    const exit = slot.instance.exitOf(error);
    const told = `an instance ${describeExit(exit)}`;
    if (exit.kind === "limit") this.#usage.limitHit(told, true);
    if (exit.kind === "trap") this.#usage.trapped();
    if (exit.kind !== "exit" || exit.code !== 0) this.#usage.failed(told);
    this.#discard(slot, told, failureOf(this.spec.service, exit));
  };

  /** As after its initialisation; false when it cannot be. */
  #renew({ instance }: InstanceSlot): boolean {
    if (this.#options.reuse) return true;
    try {
      return instance.reset();
    } catch (error) {
      this.#usage.failed(`an instance could not be reset: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  #discard(slot: InstanceSlot, reason: string, error: WarrenError): void {
    if (slot.dead) return;
    slot.dead = true;
    this.#slots.delete(slot);
    const { exchange, instance } = slot;
    // First of all: what the instance lets go of would say otherwise that the guest did.
    exchange?.end(() => error);
    instance.kill(reason);
    this.#cpuMsBefore += instance.cpuMs;
    if (exchange !== undefined) this.#done(slot, exchange);
    if (this.#waiting.length > 0 && this.#slots.size + this.#making === 0 && this.#state === "running") this.#grow();
  }

  #done(slot: InstanceSlot, exchange: HandlerExchange): void {
    slot.exchange = undefined;
    exchange.request.onGone = undefined;
    exchange.cpuSpentMs = slot.cpuMs;
    this.#usage.requestDone(performance.now() - exchange.startedAt, slot.cpuMs);
    if (exchange.refusal !== undefined) this.#told(exchange.refusal);
  }

  #gone(slot: InstanceSlot, exchange: HandlerExchange): void {
    // The guest hears of it when it next reads or writes.
    if (slot.exchange === exchange) exchange.goneAt = performance.now();
  }

  readonly #sweep = (): void => {
    const now = performance.now();
    const { requestMsMax = requestMsMaxDefault } = this.spec;
    for (const slot of [...this.#slots]) {
      const { exchange, instance } = slot;
      if (exchange === undefined) continue;
      const ms = now - exchange.startedAt;
      if (ms >= requestMsMax) {
        const spent = describeSpent(ms, slot.cpuMs, instance.waiting ? "waiting" : "computing");
        const told = `an instance was stopped: it took ${spent} (limit.deadline)`;
        this.#usage.limitHit(told, true);
        this.#usage.failed(told);
        this.#discard(slot, told, late(spent));
      } else if (exchange.goneAt !== undefined && now - exchange.goneAt >= this.#options.goneMsMax) {
        this.#discard(slot, "the client went away", clientGone());
      }
    }
    while (this.#waiting[0] !== undefined && now - this.#waiting[0].startedAt >= requestMsMax)
      this.#waiting.shift()?.end(() => late(describeSpent(requestMsMax, 0, "waiting")));
    while (
      this.#slots.size > 1 &&
      this.#idle[0] !== undefined &&
      now - this.#idle[0].idleSince >= this.#options.idleMsMax
    )
      this.#discard(this.#idle.shift() as InstanceSlot, "it had nothing to do", brokeOff());
    const quiet = this.#waiting.length === 0 && this.#slots.size <= 1 && this.#idle.length === this.#slots.size;
    if (!quiet || this.#making > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  };

  get #sweepMs(): number {
    const { requestMsMax = requestMsMaxDefault } = this.spec;
    const shortest = Math.min(requestMsMax, this.#options.idleMsMax, this.#options.goneMsMax);
    return Math.max(sweepMsMin, Math.min(sweepMsMax, shortest / 4));
  }

  #told({ tag, val }: NonNullable<HandlerExchange["refusal"]>): void {
    const detail = typeof val === "string" ? `: ${val}` : "";
    this.#log(`a request was answered with the error ${tag}${detail}`);
  }

  #log(text: string): void {
    this.#environment.log.add(this.spec.service, this.spec.revision, "warren", text);
  }
}

function failureOf(service: string, exit: Exit): WarrenError {
  const told = `${service} ${describeExit(exit)}`;
  switch (exit.kind) {
    case "limit":
      return new WarrenError(exit.code, `the service did not answer in time: ${exit.message}`, { status: 504 });
    case "trap":
      return new WarrenError("handler.trapped", told, { status: 502 });
    case "exit":
      return new WarrenError("handler.exited", told, { status: 502 });
    case "killed":
      return new WarrenError("handler.killed", told, { status: 502 });
  }
}

function late(spent: string): WarrenError {
  return new WarrenError("limit.deadline", `the service did not answer in time: ${spent}`, { status: 504 });
}

function clientGone(): WarrenError {
  return new WarrenError("client.gone", "the client went away", { status: 499 });
}

function brokeOff(): WarrenError {
  return new WarrenError("handler.broke-off", "the handler returned before its answer was whole", { status: 502 });
}

function noAnswer(): WarrenError {
  return new WarrenError("handler.no-answer", "the handler returned without an answer", { status: 502 });
}
