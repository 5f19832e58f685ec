/** Four buckets for each doubling: a percentile is right to within 19 %. The last begins at 36 minutes. */
const bucketsPerDoubling = 4;
const buckets = 128;

/** What a {@link TimeHistogram} counted, to be sent and added up. */
export interface TimeCounts {
  readonly totalMs: number;
  readonly maxMs: number;
  /** A bucket's number and its count, in turn; empty buckets are left out. */
  readonly counts: readonly number[];
}

/** Counts durations on a logarithmic scale from a microsecond on: a percentile at any time, without keeping them. */
export class TimeHistogram {
  #totalMs = 0;
  #maxMs = 0;
  #count = 0;
  /** Made at the first: most services of a machine sleep. */
  #buckets: Float64Array | undefined;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    this.#buckets ??= new Float64Array(buckets);
    const index = bucketOf(ms);
    this.#buckets[index] = (this.#buckets[index] as number) + 1;
    this.#count++;
    this.#totalMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** Adds what another counted. What is no count of it adds nothing: it may come from a process that is not trusted. */
  merge({ totalMs, maxMs, counts }: TimeCounts): void {
    if (counts.length === 0) return;
    this.#buckets ??= new Float64Array(buckets);
    for (let i = 0; i + 1 < counts.length && i < 2 * buckets; i += 2) {
      const [index, count] = [Number(counts[i]), Number(counts[i + 1])];
      if (!Number.isInteger(index) || index < 0 || index >= buckets || !(count > 0)) continue;
      this.#buckets[index] = (this.#buckets[index] as number) + count;
      this.#count += count;
    }
    this.#totalMs += Number(totalMs) || 0;
    this.#maxMs = Math.max(this.#maxMs, Number(maxMs) || 0);
  }

  get counts(): TimeCounts {
    const counts: number[] = [];
    for (const [index, count] of this.#buckets?.entries() ?? []) if (count > 0) counts.push(index, count);
    return { totalMs: this.#totalMs, maxMs: this.#maxMs, counts };
  }

  get totalMs(): number {
    return this.#totalMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** The time that this part of them did not exceed: an upper bound, at most 19 % too high. 0 when there are none. */
  percentile(part: number): number {
    let left = Math.ceil(part * this.#count);
    for (const [index, count] of this.#buckets?.entries() ?? []) {
      left -= count;
      if (left <= 0 && count > 0) return Math.min(this.#maxMs, 2 ** (index / bucketsPerDoubling) / 1000);
    }
    return this.#maxMs;
  }
}

/** Bucket i holds what is less than 2^(i/4) microseconds and not less than what the one before holds. */
function bucketOf(ms: number): number {
  const index = Math.floor(Math.log2(ms * 1000) * bucketsPerDoubling) + 1;
  return index > 0 ? Math.min(index, buckets - 1) : 0;
}
