import { Bucket, type Rate } from "./rate.ts";

const ways = 4;
const setsFirst = 64;
/** 65,536 clients, 1 MiB. */
const setsMaxDefault = 16_384;

export interface ClientTable {
  /** 32 secret bits. */
  readonly seed: number;
  /** A table of this size that others use too, with the same seed; one of its own, which grows, when absent. */
  readonly cells?: Float64Array | undefined;
  readonly setsMax?: number;
}

/**
 * The buckets of a service's clients, in a table that a flood of addresses cannot make larger than its bound. Where it is full
 * the client goes that has drawn least: nobody can have his own bucket forgotten by coming from other addresses too, and
 * who is forgotten has a full one. Clients are told apart by 53 bits of a hash with a secret seed.
 */
export class ClientRates {
  readonly #bucket: Bucket;
  readonly #seed: number;
  readonly #setsMax: number;
  /** Pairs of hash and the time at which the bucket is full, `ways` pairs to a set. */
  #cells: Float64Array;
  #sets: number;

  constructor(rate: Rate, { seed, cells, setsMax = setsMaxDefault }: ClientTable) {
    this.#bucket = new Bucket(rate);
    this.#seed = seed;
    this.#cells = cells ?? new Float64Array(setsFirst * ways * 2);
    this.#sets = this.#cells.length / (ways * 2);
    this.#setsMax = cells === undefined ? setsMax : this.#sets;
  }

  /** Draws on a client's bucket: 0, or how long until it could. Milliseconds. */
  draw(client: string, now: number): number {
    const hash = this.#hash(client);
    let at = this.#find(hash, now);
    if (at < 0) {
      this.#grow(now);
      at = this.#find(hash, now);
      if (at < 0) at = this.#least(hash);
    }
    const known = this.#cells[at] === hash;
    const fullAt = known ? this.#cells[at + 1]! : 0;
    const waitMs = this.#bucket.waitMs(fullAt, now);
    if (waitMs > 0) return waitMs;
    this.#cells[at] = hash;
    this.#cells[at + 1] = this.#bucket.drawn(fullAt, now);
    return 0;
  }

  /** Clients that it has room for now. */
  get capacity(): number {
    return this.#sets * ways;
  }

  /** The client's cell, or one that nobody needs; -1 when its set is full. */
  #find(hash: number, now: number): number {
    const from = (hash % this.#sets) * ways * 2;
    let free = -1;
    for (let at = from; at < from + ways * 2; at += 2) {
      if (this.#cells[at] === hash) return at;
      // A full bucket says no more than none.
      if (this.#cells[at + 1]! <= now) free = at;
    }
    return free;
  }

  #least(hash: number): number {
    const from = (hash % this.#sets) * ways * 2;
    let least = from;
    for (let at = from + 2; at < from + ways * 2; at += 2)
      if (this.#cells[at + 1]! < this.#cells[least + 1]!) least = at;
    return least;
  }

  #grow(now: number): void {
    if (this.#sets >= this.#setsMax) return;
    const before = this.#cells;
    this.#sets *= 2;
    this.#cells = new Float64Array(this.#sets * ways * 2);
    for (let from = 0; from < before.length; from += 2) {
      if (before[from + 1]! <= now) continue;
      // The set that it came from had as much room as each of the two that it is split into.
      const to = this.#find(before[from]!, now);
      this.#cells[to] = before[from]!;
      this.#cells[to + 1] = before[from + 1]!;
    }
  }

  /** Two lanes of FNV-1a with a seed, 53 bits together and never 0. */
  #hash(text: string): number {
    let low = 0x811c9dc5 ^ this.#seed;
    let high = 0xcbf29ce4 ^ Math.imul(this.#seed, 0x9e3779b1);
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x85ebca6b);
      high ^= high >>> 13;
    }
    low ^= low >>> 15;
    return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0) + 1;
  }
}
