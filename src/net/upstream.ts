import type { Conduit } from "../base/conduit.ts";
import { resetConduit } from "../base/conduit.ts";
import type { StreamTarget } from "./target.ts";
import type { Swept, Ticker } from "./ticker.ts";

/** Idle connections kept to one guest, and for how long. */
const idleMax = 64;
const idleMsMax = 30_000;

/** Who uses a connection to a guest at the moment. */
export interface UpstreamUser {
  onGuestReadable(): void;
  onGuestWritable(): void;
}

/** One connection to a guest, used by one request after the other. */
export class Upstream {
  readonly conduit: Conduit;
  user: UpstreamUser | undefined;
  idleSince = 0;
  readonly #pool: UpstreamPool;
  #settled: boolean = false;

  constructor(conduit: Conduit, pool: UpstreamPool) {
    this.conduit = conduit;
    this.#pool = pool;
    conduit.input.onReadable = () => {
      this.settle();
      if (this.user !== undefined) this.user.onGuestReadable();
      else pool.drop(this);
    };
    conduit.output.onWritable = () => this.user?.onGuestWritable();
    pool.dialled(this);
  }

  /** Ends it as a client that has everything it wanted. */
  close(): void {
    this.settle();
    this.user = undefined;
    this.conduit.output.end();
    this.conduit.input.cancel();
  }

  /** Breaks it off. */
  reset(): void {
    this.settle();
    this.user = undefined;
    resetConduit(this.conduit, "the client went away");
  }

  /** The guest has accepted it, or it is over: it does not wait to be taken up. */
  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#pool.settled(this);
  }
}

/** The idle connections to one guest, newest used first. */
export class UpstreamPool implements Swept {
  readonly target: StreamTarget;
  readonly #ticker: Ticker;
  readonly #idle: Upstream[] = [];
  /** Dialled, and not known to have been read from by the guest. */
  readonly #fresh = new Set<Upstream>();
  #checking: boolean = false;
  #retired: boolean = false;
  #swept: boolean = false;

  constructor(target: StreamTarget, ticker: Ticker) {
    this.target = target;
    this.#ticker = ticker;
  }

  /** An idle connection that is still alive. */
  take(): Upstream | undefined {
    return this.#idle.pop();
  }

  /** Keeps a connection for the next request, or closes it. */
  put(upstream: Upstream): void {
    const { input, output } = upstream.conduit;
    if (this.#retired || this.#idle.length >= idleMax || input.readable || !output.writable) {
      upstream.close();
      return;
    }
    upstream.user = undefined;
    upstream.idleSince = this.#ticker.now;
    this.#idle.push(upstream);
    if (this.#fresh.size > 0) this.#checkLater();
    if (this.#swept) return;
    this.#swept = true;
    this.#ticker.add(this);
  }

  /** New connections that the guest has said nothing on yet. */
  get waiting(): number {
    return this.#fresh.size;
  }

  /** A new connection, which the guest has yet to accept. */
  dialled(upstream: Upstream): void {
    this.#fresh.add(upstream);
  }
  settled(upstream: Upstream): void {
    this.#fresh.delete(upstream);
  }

  /**
   * A guest that serves one connection after the other, or a few at a time, accepts no other while it waits for us on one
   * that is idle: idle connections make way for those that are not taken up. It is looked at in the next turn of the event
   * loop, when a guest that can accept has done so.
   */
  #checkLater(): void {
    if (this.#checking) return;
    this.#checking = true;
    setImmediate(() => {
      this.#checking = false;
      let waiting = 0;
      for (const upstream of this.#fresh) {
        const { output } = upstream.conduit;
        if (output.bytes > 0 && !output.closed) waiting++;
        else this.#fresh.delete(upstream);
      }
      this.#closeOldest(Math.min(waiting, this.#idle.length));
    });
  }

  /** The guest ended an idle connection, or said something unasked. */
  drop(upstream: Upstream): void {
    const index = this.#idle.indexOf(upstream);
    if (index < 0) return;
    this.#idle.splice(index, 1);
    upstream.close();
  }

  /** Closes what is idle now and whatever comes back later, so that the guest can end. */
  retire(): void {
    this.#retired = true;
    this.#closeOldest(this.#idle.length);
  }

  sweep(now: number): void {
    const { length } = this.#idle;
    let old = 0;
    while (old < length && now - this.#idle[old]!.idleSince > idleMsMax) old++;
    this.#closeOldest(old);
    if (this.#idle.length > 0) return;
    this.#swept = false;
    this.#ticker.remove(this);
  }

  #closeOldest(count: number): void {
    for (const upstream of this.#idle.splice(0, count)) upstream.close();
  }
}
