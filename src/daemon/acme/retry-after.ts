/** Longer than any CA's window; a hostile one cannot put a name off for ever. */
const retryAfterMsMax = 7 * 24 * 3600_000;

/** When to ask again, in ms since the epoch, of a Retry-After field (RFC 9110 §10.2.3): seconds or a date. */
export function retryAfter(field: string | undefined, now: number): number | undefined {
  if (field === undefined) return undefined;
  const at = /^[0-9]{1,10}$/.test(field) ? now + Number(field) * 1000 : Date.parse(field);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at, now), now + retryAfterMsMax);
}
