/**
 * Fields that a reader acts on before the body, or that say how to read it (RFC 9110 §6.5.1): who merges trailers into a head would
 * believe them. Those that no guest sets at all are not in it.
 */
const headOnly: ReadonlySet<string> = new Set([
  "accept-encoding",
  "age",
  "authorization",
  "cache-control",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "date",
  "expect",
  "expires",
  "forwarded",
  "location",
  "max-forwards",
  "pragma",
  "range",
  "retry-after",
  "set-cookie",
  "te",
  "trailer",
  "vary",
  "www-authenticate",
]);

/** Whether a guest's field of this name may come behind a body. */
export function isTrailerName(name: string): boolean {
  return !headOnly.has(name.toLowerCase());
}
