/** Orders at a time, of all namespaces and of one. An order waits for the CA nearly all of its time. */
const ordersAtOnce = 8;
const ordersAtOnceOfOne = 3;
/** The CA of the web takes 300 new orders of an account in three hours. */
const windowMs = 3 * 3600_000;
const ordersMax = 250;
/** However many host names a tenant deploys, half of the CA's allowance is left to the others. */
const ordersMaxOfOne = 125;

/** A name that is due. */
export interface Due {
  readonly host: string;
  readonly namespace: string;
  /** Since when, in ms since the epoch. */
  readonly at: number;
}

/** Says whose order is next: the namespaces take turns, and none takes the CA's allowance from the others. */
export class Turns {
  /** Orders of the last three hours, oldest first. */
  readonly #placed: { readonly namespace: string; readonly at: number }[] = [];
  readonly #running = new Map<string, number>();
  /** The number of the last turn of a namespace. */
  readonly #last = new Map<string, number>();
  #turn = 0;

  /** The name whose order is placed now: undefined when none may be. `now` in ms since the epoch. */
  next(due: Iterable<Due>, now: number): Due | undefined {
    this.#forget(now);
    if (this.#total() >= ordersAtOnce || this.#placed.length >= ordersMax) return undefined;
    const placed = Map.groupBy(this.#placed, ({ namespace }) => namespace);
    let best: Due | undefined;
    for (const one of due) {
      if ((this.#running.get(one.namespace) ?? 0) >= ordersAtOnceOfOne) continue;
      if ((placed.get(one.namespace)?.length ?? 0) >= ordersMaxOfOne) continue;
      if (best === undefined || this.#before(one, best)) best = one;
    }
    return best;
  }

  #before(a: Due, b: Due): boolean {
    const turns = (this.#last.get(a.namespace) ?? 0) - (this.#last.get(b.namespace) ?? 0);
    return turns === 0 ? a.at < b.at : turns < 0;
  }

  /** An order begins; to be called at its end, with whether the CA was asked for anything that it counts. */
  begin(namespace: string, now: number): (counts: boolean) => void {
    this.#running.set(namespace, (this.#running.get(namespace) ?? 0) + 1);
    this.#last.set(namespace, ++this.#turn);
    const placed = { namespace, at: now };
    this.#placed.push(placed);
    return (counts) => {
      const left = (this.#running.get(namespace) ?? 1) - 1;
      if (left === 0) this.#running.delete(namespace);
      else this.#running.set(namespace, left);
      const at = this.#placed.indexOf(placed);
      if (!counts && at >= 0) this.#placed.splice(at, 1);
    };
  }

  /** When the allowance that is used up has room again, in ms since the epoch. */
  roomAt(): number {
    return (this.#placed[0]?.at ?? 0) + windowMs;
  }

  #total(): number {
    let total = 0;
    for (const count of this.#running.values()) total += count;
    return total;
  }

  #forget(now: number): void {
    while (this.#placed.length > 0 && (this.#placed[0] as { at: number }).at <= now - windowMs) this.#placed.shift();
    if (this.#placed.length > 0) return;
    // With nothing to remember of anyone all are equal again.
    for (const namespace of this.#last.keys()) if (!this.#running.has(namespace)) this.#last.delete(namespace);
  }
}
