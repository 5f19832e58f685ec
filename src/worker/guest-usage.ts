import { TimeHistogram } from "../base/time-histogram.ts";
import type { CpuShare } from "../engine/cpu/cpu-share.ts";
import type { Activity, Refused } from "../net/target.ts";
import { newActivity } from "./activity.ts";
import type { GuestLog } from "./guest-log.ts";
import type { GuestStatus, Incident, InstanceSpec } from "./protocol.ts";

/** A client must not be able to fill the log and the events: a request that fails costs it little. */
const tellEveryMs = 1000;
const lastMax = 10;

export interface GuestUsageOptions {
  readonly spec: InstanceSpec;
  readonly log: GuestLog;
  readonly share: CpuShare;
  onIncident(incident: Incident): void;
}

/** What one revision of a service has used in this worker, and which of its limits it met. */
export class GuestUsage {
  readonly refused: Refused = { rate: 0, connections: 0, queue: 0 };
  readonly activity: Activity = { ...newActivity(), refused: this.refused };
  readonly #options: GuestUsageOptions;
  readonly #wall = new TimeHistogram();
  readonly #cpu = new TimeHistogram();
  #traps = 0;
  #limitsHit = 0;
  #lastLimits: { at: number; reason: string }[] = [];
  #failures = 0;
  #lastFailures: { at: number; reason: string }[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(options: GuestUsageOptions) {
    this.#options = options;
    this.activity.onRequestDone = (wallMs, cpuMs) => this.requestDone(wallMs, cpuMs);
    this.activity.onLate = (spent) => this.limitHit(`a request was given up after ${spent} (limits.request)`);
  }

  requestDone(wallMs: number, cpuMs: number): void {
    this.#wall.add(wallMs);
    this.#cpu.add(cpuMs);
  }

  /** An instance of it crashed. */
  trapped(): void {
    this.#traps++;
  }

  /** Its program failed a request, of a kind that has an instance for each. */
  failed(reason: string): void {
    this.#failures++;
    this.#lastFailures = [{ at: Date.now(), reason }, ...this.#lastFailures].slice(0, lastMax);
    const { spec, log } = this.#options;
    log.add(spec.service, spec.revision, "warren", reason);
  }

  /** The restarts of such a guest are the requests that its program failed. */
  get failures(): Pick<GuestStatus, "restarts" | "lastRestarts"> {
    return { restarts: this.#failures, lastRestarts: this.#lastFailures };
  }

  /** It went over a limit; `logged`: its log has it already. */
  limitHit(reason: string, logged: boolean = false): void {
    this.#limitsHit++;
    this.#lastLimits = [{ at: Date.now(), reason }, ...this.#lastLimits].slice(0, lastMax);
    const now = performance.now();
    if (now - this.#toldAt < tellEveryMs) {
      this.#untold++;
      return;
    }
    const { spec, log, onIncident } = this.#options;
    const { service, revision } = spec;
    const message = this.#untold === 0 ? reason : `${reason}, and ${this.#untold} more before`;
    this.#toldAt = now;
    this.#untold = 0;
    if (!logged) log.add(service, revision, "warren", message);
    onIncident({ service, revision, type: "limit", message });
  }

  get status(): Pick<
    GuestStatus,
    | "requests"
    | "refused"
    | "throttled"
    | "throttledAt"
    | "traps"
    | "limitsHit"
    | "lastLimits"
    | "wallTimes"
    | "cpuTimes"
  > {
    const { throttled, throttledAt } = this.#options.share;
    return {
      requests: this.activity.requests,
      refused: { ...this.refused },
      throttled,
      ...(throttledAt === undefined ? {} : { throttledAt }),
      traps: this.#traps,
      limitsHit: this.#limitsHit,
      lastLimits: this.#lastLimits,
      wallTimes: this.#wall.counts,
      cpuTimes: this.#cpu.counts,
    };
  }
}
