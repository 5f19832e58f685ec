const second = 1_000_000_000n;

/** `wasi:clocks/wall-clock.datetime` */
export interface Datetime {
  /** Since 1970. */
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** Of nanoseconds since 1970. */
export function datetime(nanoseconds: bigint): Datetime {
  return { seconds: nanoseconds / second, nanoseconds: Number(nanoseconds % second) };
}

/** Nanoseconds since 1970. A guest may give more than a second of them. */
export function nanosecondsOf({ seconds, nanoseconds }: Datetime): bigint {
  return seconds * second + BigInt(nanoseconds);
}
