import { field, fieldKind } from "./field-name.ts";

/**
 * Fields that a reader has acted on before the body, or that say how to read it (RFC 9110 §6.5.1): framing and routing
 * (known to {@link fieldKind}), who asks, and what the content is. A recipient that merges trailers into the head would
 * believe them.
 */
const forbidden = new Set([
  "authorization",
  "cache-control",
  "content-encoding",
  "content-range",
  "content-type",
  "cookie",
  "location",
  "max-forwards",
  "proxy-authenticate",
  "proxy-authorization",
  "range",
  "set-cookie",
  "trailer",
  "www-authenticate",
]);

/** Whether a field of this name may come behind a body. */
export function mayBeTrailer(bytes: Uint8Array, from: number, to: number): boolean {
  if (fieldKind(bytes, from, to) !== field.other) return false;
  const name = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
  // As in the head: `_` and `-` are one to CGI.
  return !forbidden.has(name.toLowerCase().replaceAll("_", "-"));
}
