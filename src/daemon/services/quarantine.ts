/** One revision of a service, `service` as `namespace/name`. */
export interface Suspect {
  readonly service: string;
  readonly revision: number;
}

interface Start {
  readonly suspect: Suspect;
  readonly orderedAt: number;
  answered: boolean;
  /** Nothing else runs in that worker. */
  readonly alone: boolean;
}

/** Two: the first may be chance, a third would cost the other services one more worker. */
export const deathsMax = 2;
/** Deaths that lie further apart have nothing to do with one another. */
const windowMs = 10 * 60_000;
/** For so long after its start a guest is suspected of what ends its worker. */
const freshMs = 10_000;
/** For so long after a death of which several were suspected, services are started one at a time. */
const carefulMs = 60_000;

/**
 * Finds out which revision ends workers. Of a worker that died is suspected, in this order: the service whose guest ran
 * when it died, by the worker's own page; the one that had the worker to itself; the one that was being started; the one
 * that was started in the last seconds.
 * Where it could be one of several nobody is blamed, and {@link careful} asks for starts one by one, so that the next
 * death is clear.
 */
export class Quarantine {
  readonly #now: () => number;
  /** What each worker has been given, by service. */
  readonly #workers = new Map<string, Map<string, Start>>();
  readonly #deaths = new Map<string, number[]>();
  #unclearAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether services must be started one at a time. */
  get careful(): boolean {
    return this.#now() - this.#unclearAt < carefulMs;
  }

  /** A worker is ordered to start it. */
  starting(worker: string, { service, revision }: Suspect, { alone = false }: { alone?: boolean } = {}): void {
    const starts = this.#workers.get(worker) ?? new Map<string, Start>();
    this.#workers.set(worker, starts);
    starts.set(service, { suspect: { service, revision }, orderedAt: this.#now(), answered: false, alone });
  }

  /** The worker answered that order: it lives. */
  answered(worker: string, { service, revision }: Suspect): void {
    const start = this.#workers.get(worker)?.get(service);
    if (start?.suspect.revision === revision) start.answered = true;
  }

  /** The worker has it no more. */
  stopped(worker: string, { service, revision }: Suspect): void {
    const starts = this.#workers.get(worker);
    if (starts?.get(service)?.suspect.revision === revision) starts.delete(service);
  }

  /**
   * A worker is gone. `running` is the service whose guest ran then; `died` is false when the worker was told to end. The
   * revision that has now ended too many workers, if one has.
   */
  lost(worker: string, running: string | undefined, died: boolean): Suspect | undefined {
    const starts = this.#workers.get(worker) ?? new Map<string, Start>();
    this.#workers.delete(worker);
    if (!died) return undefined;
    const suspect = this.#suspectOf(starts, running);
    if (suspect === undefined) return undefined;
    const now = this.#now();
    for (const [name, times] of this.#deaths) if (times.every((at) => now - at >= windowMs)) this.#deaths.delete(name);
    this.#deaths.set(key(suspect), [...(this.#deaths.get(key(suspect)) ?? []), now]);
    return this.convicted(suspect) ? suspect : undefined;
  }

  /** Whether it has ended too many workers. */
  convicted(suspect: Suspect): boolean {
    const now = this.#now();
    return (this.#deaths.get(key(suspect)) ?? []).filter((at) => now - at < windowMs).length >= deathsMax;
  }

  /** Its operator wants it tried again, or it is no more. */
  forget(service: string): void {
    for (const name of this.#deaths.keys()) if (name.startsWith(`${service}@`)) this.#deaths.delete(name);
  }

  #suspectOf(starts: ReadonlyMap<string, Start>, running: string | undefined): Suspect | undefined {
    const ran = running === undefined ? undefined : starts.get(running);
    if (ran !== undefined) return ran.suspect;
    const now = this.#now();
    const all = [...starts.values()];
    if (all[0]?.alone) return all[0].suspect;
    const pending = all.filter(({ answered }) => !answered);
    const suspects = pending.length > 0 ? pending : all.filter(({ orderedAt }) => now - orderedAt < freshMs);
    if (suspects.length > 1) this.#unclearAt = now;
    return suspects.length === 1 ? suspects[0]?.suspect : undefined;
  }
}

function key({ service, revision }: Suspect): string {
  return `${service}@${revision}`;
}
