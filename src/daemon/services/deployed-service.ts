import { TimeHistogram } from "../../base/time-histogram.ts";
import type { ServiceSpec, ServiceState, ServiceView, TimesView } from "../../control/service.ts";
import type { Desired, RevisionRecord, ServiceRecord } from "../../store/service-store.ts";
import type {
  GuestlessCounts,
  GuestStatus,
  InstanceSpec,
  MountedPath,
  Placement,
  SitesSpec,
} from "../../worker/protocol.ts";
import { hostPaths } from "../workers/mount-cover.ts";
import type { Isolation } from "./plan.ts";
import { frontTerms, groupOf, instanceSpec, kindOf, routeEntries, routeViews, sitesSpec } from "./plan.ts";
import { grantedMounts } from "./site-plan.ts";

/** A service counts as held up for so long after it was. */
const throttledForMs = 10_000;

/** Counters of guests that are no more, so that a redeploy or a lost worker does not set a service's totals back. */
interface Totals {
  requests: number;
  restarts: number;
  cpuMs: number;
  throttled: number;
  traps: number;
  limitsHit: number;
}

type Refused = ServiceView["refused"];
const noneRefused: Refused = { rate: 0, connections: 0, queue: 0 };

function sumOfRefused(all: readonly Refused[]): Refused {
  return all.reduce((sum, { rate, connections, queue }) => ({
    rate: sum.rate + rate,
    connections: sum.connections + connections,
    queue: sum.queue + queue,
  }));
}

/** What the daemon knows of one service: its record, where it is placed, and what the workers last said of it. */
export class DeployedService {
  readonly namespace: string;
  readonly name: string;
  desired: Desired;
  /** Why its current revision is not started although it should run. */
  quarantine: string | undefined;
  revision: RevisionRecord;
  spec: ServiceSpec;
  programBytes: number | undefined;
  /** The worker that holds it, when one alone does. */
  worker: string | undefined;
  /** The place of that worker, which its successor has after it. */
  slot: number | undefined;
  /** Why no worker could be given it, while none has it. */
  failure: string | undefined;
  /** Its guest does not answer at the moment, as far as its worker says. */
  failing: boolean = false;
  readonly #volumesPath: string;
  readonly #guests = new Map<string, GuestStatus>();
  /** By worker, the revision whose files it serves. */
  readonly #served = new Map<string, number>();
  readonly #ended: Totals = { requests: 0, restarts: 0, cpuMs: 0, throttled: 0, traps: 0, limitsHit: 0 };
  #endedRefused: Refused = noneRefused;
  /** By worker, also of those that are gone. */
  readonly #guestless = new Map<string, GuestlessCounts>();
  readonly #endedTimes = { wall: new TimeHistogram(), cpu: new TimeHistogram() };

  readonly #isolation: Isolation;

  constructor(record: ServiceRecord, programBytes: number | undefined, volumesPath: string, isolation: Isolation) {
    this.#volumesPath = volumesPath;
    this.#isolation = isolation;
    this.namespace = record.namespace;
    this.name = record.name;
    this.desired = record.desired;
    this.quarantine = record.quarantine;
    this.revision = record.revision;
    this.spec = JSON.parse(record.revision.spec) as ServiceSpec;
    this.programBytes = programBytes;
  }

  get key(): string {
    return `${this.namespace}/${this.name}`;
  }

  get kind(): ServiceView["kind"] {
    return kindOf(this.spec);
  }

  /** With whom it shares a worker in which no others run; undefined when it is in the shared ones. */
  get group(): string | undefined {
    return groupOf(this.namespace, this.spec, this.#isolation);
  }

  /** Whether it is not in a worker that all share. */
  get isolated(): boolean {
    return this.group !== undefined;
  }

  /** Whether one worker has it: not CGI and handlers that all share, and not what needs no guest. */
  get inOneWorker(): boolean {
    return this.isolated || this.kind === "server";
  }

  /** Whether each worker has a guest of it, or serves its files. */
  get inEveryWorker(): boolean {
    return !this.inOneWorker && (this.kind !== "static" || this.sites.sites !== undefined);
  }

  /** Whether workers should have it. */
  get wanted(): boolean {
    return this.desired === "running" && this.quarantine === undefined;
  }

  get instance(): InstanceSpec {
    return instanceSpec(this.namespace, this.revision.number, this.spec, this.#volumesPath);
  }

  get sites(): SitesSpec {
    return sitesSpec(this.namespace, this.revision.number, this.spec, this.#volumesPath);
  }

  /** The host's directories and files that its guests are given, or that are served. */
  get mounts(): readonly MountedPath[] {
    return hostPaths(grantedMounts(this.spec.program === undefined ? this.sites : this.instance));
  }

  /** Makes a later revision the current one. */
  replace(record: ServiceRecord, programBytes: number | undefined): void {
    this.desired = record.desired;
    this.quarantine = record.quarantine;
    this.revision = record.revision;
    this.spec = JSON.parse(record.revision.spec) as ServiceSpec;
    this.programBytes = programBytes;
    this.failure = undefined;
    this.failing = false;
  }

  /** Any worker will do for shared CGI and handlers: each has them, but for those that are leaving. */
  placement(
    httpListeners: readonly string[],
    anyWorker: string | undefined,
    stickyToken: (key: string) => string,
  ): Placement {
    const routes = routeEntries(this.namespace, this.spec, httpListeners, () => stickyToken(this.key));
    const { limits, access } = frontTerms(this.spec);
    return {
      service: this.key,
      revision: this.revision.number,
      kind: this.kind,
      state: this.wanted ? "on" : "off",
      worker: this.inOneWorker ? this.worker : anyWorker,
      failing: this.failing || (this.inOneWorker && this.worker === undefined),
      routes,
      ...(routes.some(({ answer }) => answer !== undefined)
        ? { terms: { ...(limits && { limits }), ...(access && { access }) } }
        : {}),
    };
  }

  /** Whether a worker has a guest of the current revision, or its files where there is none. */
  runsIn(worker: string): boolean {
    const revision = this.kind === "static" ? this.#served.get(worker) : this.#guests.get(worker)?.revision;
    return revision === this.revision.number;
  }

  /** A worker serves the files of a revision that has no guest. */
  servedBy(worker: string, revision: number): void {
    this.#served.set(worker, revision);
  }

  /** Takes what a worker says of one of its guests; of the current revision or an older one that is ending. */
  report(worker: string, status: GuestStatus): void {
    const before = this.#guests.get(worker);
    // Two revisions in one worker, while the one takes over from the other: the newer counts, the older is added when it ends.
    if (before !== undefined && before.revision > status.revision) return;
    this.#guests.set(worker, status);
  }

  /** Takes what a worker was asked that no guest answers, since the worker began. */
  counted(worker: string, counts: GuestlessCounts): void {
    this.#guestless.set(worker, counts);
  }

  /** A worker no longer has the guest, or is gone. `last` is its final status where it is known. */
  ended(worker: string, last?: GuestStatus): void {
    this.#served.delete(worker);
    const known = this.#guests.get(worker);
    const final = last ?? known;
    if (final !== undefined) {
      this.#ended.requests += final.requests;
      this.#ended.restarts += final.restarts;
      this.#ended.cpuMs += final.cpuMs;
      this.#ended.throttled += final.throttled;
      this.#ended.traps += final.traps;
      this.#ended.limitsHit += final.limitsHit;
      this.#endedRefused = sumOfRefused([this.#endedRefused, final.refused]);
      this.#endedTimes.wall.merge(final.wallTimes);
      this.#endedTimes.cpu.merge(final.cpuTimes);
    }
    if (known !== undefined && (last === undefined || known.revision === last.revision)) this.#guests.delete(worker);
    if (this.worker === worker && (last === undefined || last.revision === this.revision.number))
      this.worker = undefined;
  }

  view(httpListeners: readonly string[]): ServiceView {
    const guests = [...this.#guests];
    const statuses = guests.map(([, status]) => status);
    const sum = (key: keyof Totals) => statuses.reduce((total, status) => total + status[key], this.#ended[key]);
    const restarts = statuses.flatMap((status) => status.lastRestarts).sort((a, b) => b.at - a.at);
    const limits = statuses.flatMap((status) => status.lastLimits).sort((a, b) => b.at - a.at);
    const reason = this.#reason(statuses);
    const guestless = [...this.#guestless.values()];
    const requestTimes = this.#requestTimes(statuses);
    return {
      namespace: this.namespace,
      name: this.name,
      state: this.#state(statuses),
      ...(reason === undefined ? {} : { reason }),
      kind: this.kind,
      revision: this.revision.number,
      ...(this.revision.program === undefined ? {} : { program: this.revision.program }),
      ...(this.programBytes === undefined ? {} : { programBytes: this.programBytes }),
      deployedAt: new Date(this.revision.deployedAt).toISOString(),
      ...routeViews(this.namespace, this.spec, httpListeners),
      instances: guests.map(([worker, status]) => ({
        worker,
        revision: status.revision,
        state: status.state,
        ...(status.startedAt === undefined ? {} : { startedAt: new Date(status.startedAt).toISOString() }),
        ...(status.startMs === undefined ? {} : { startMs: Math.round(status.startMs * 10) / 10 }),
        memoryBytes: status.memoryBytes,
        cpuMs: Math.round(status.cpuMs * 10) / 10,
      })),
      restarts: sum("restarts"),
      lastRestarts: restarts.slice(0, 10).map(dated),
      requests: sum("requests") + guestless.reduce((total, { requests }) => total + requests, 0),
      refused: sumOfRefused([this.#endedRefused, ...[...statuses, ...guestless].map(({ refused }) => refused)]),
      memoryBytes: statuses.reduce((total, status) => total + status.memoryBytes, 0),
      cpuMs: Math.round(sum("cpuMs") * 10) / 10,
      throttled: sum("throttled"),
      throttling: this.desired === "running" && this.#throttling(statuses) !== undefined,
      quarantined: this.quarantine !== undefined,
      traps: sum("traps"),
      limitsHit: sum("limitsHit"),
      lastLimits: limits.slice(0, 10).map(dated),
      ...(requestTimes === undefined ? {} : { requestTimes }),
      spec: this.spec,
    };
  }

  #requestTimes(statuses: readonly GuestStatus[]): ServiceView["requestTimes"] {
    const [wall, cpu] = [new TimeHistogram(), new TimeHistogram()];
    wall.merge(this.#endedTimes.wall.counts);
    cpu.merge(this.#endedTimes.cpu.counts);
    for (const { wallTimes, cpuTimes } of statuses) {
      wall.merge(wallTimes);
      cpu.merge(cpuTimes);
    }
    return wall.count === 0 ? undefined : { count: wall.count, wall: timesView(wall), cpu: timesView(cpu) };
  }

  #state(statuses: readonly GuestStatus[]): ServiceState {
    if (this.desired === "stopped") return statuses.length > 0 ? "stopping" : "stopped";
    if (this.quarantine !== undefined) return "crash-loop";
    const states = new Set(statuses.map((status) => status.state));
    // The best of its instances: a service runs when anyone of them answers.
    if (this.kind === "static" && this.failure === undefined) return "running";
    for (const state of ["running", "starting", "crash-loop", "restarting"] as const)
      if (states.has(state)) return state;
    return this.failure === undefined ? "starting" : "restarting";
  }

  #reason(statuses: readonly GuestStatus[]): string | undefined {
    if (this.quarantine !== undefined) return this.quarantine;
    if (this.desired === "stopped") return undefined;
    if (statuses.some((status) => status.state === "running")) return this.#throttling(statuses);
    return statuses.find((status) => status.reason !== undefined)?.reason ?? this.failure;
  }

  /** A service that runs, but slower than it would. */
  #throttling(statuses: readonly GuestStatus[]): string | undefined {
    const lately = Date.now() - throttledForMs;
    if (!statuses.some(({ throttledAt = 0 }) => throttledAt > lately)) return undefined;
    return `held up by limits.cpu = ${this.spec.limits?.cpu}`;
  }
}

function dated({ at, reason }: { readonly at: number; readonly reason: string }): { at: string; reason: string } {
  return { at: new Date(at).toISOString(), reason };
}

function timesView(times: TimeHistogram): TimesView {
  const { count, totalMs, maxMs } = times;
  const round = (ms: number): number => Math.round(ms * 1000) / 1000;
  return {
    totalMs: round(totalMs),
    meanMs: round(count === 0 ? 0 : totalMs / count),
    p50Ms: round(times.percentile(0.5)),
    p99Ms: round(times.percentile(0.99)),
    maxMs: round(maxMs),
  };
}
