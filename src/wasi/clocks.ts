/** A guest's sources of time, in nanoseconds. */
export interface Clocks {
  /** Since 1970-01-01 UTC; jumps when the host's clock is set. */
  realtime(): bigint;
  /** Since an arbitrary point; never goes back. */
  monotonic(): bigint;
}

/** How far the wall clock may run from our reckoning before we take the host's word again: Date.now() counts whole ms. */
const driftMax = 2_000_000n;

/** The host's clocks. */
export class SystemClocks implements Clocks {
  #offset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

  realtime(): bigint {
    // Date.now() alone has only milliseconds; the monotonic clock alone misses that the host's clock was set.
    const host = BigInt(Date.now()) * 1_000_000n;
    const reckoned = process.hrtime.bigint() + this.#offset;
    const drift = reckoned - host;
    if (drift < driftMax && drift > -driftMax) return reckoned;
    this.#offset += host - reckoned;
    return host;
  }

  monotonic(): bigint {
    return process.hrtime.bigint();
  }
}
