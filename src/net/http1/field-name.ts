import { peerField } from "../peer-client.ts";
import { DASH, UNDERSCORE } from "./bytes.ts";

/** The fields that the front acts on. */
export const field = {
  other: 0,
  host: 1,
  connection: 2,
  contentLength: 3,
  transferEncoding: 4,
  upgrade: 5,
  expect: 6,
  /** Meant for one hop (RFC 9110 §7.6.1): never passed on. */
  hop: 7,
  /** Says who the client is, or which request this is: the front's own to set. */
  forwarded: 8,
  /** Between two fronts: who the client is (net/peer-client.ts). */
  peer: 9,
  traceparent: 10,
  tracestate: 11,
  date: 12,
} as const;

const known: (readonly [Uint8Array, number][] | undefined)[] = [];
function know(name: string, kind: number): void {
  known[name.length] = [...(known[name.length] ?? []), [Buffer.from(name), kind]];
}
know("host", field.host);
know("connection", field.connection);
know("content-length", field.contentLength);
know("transfer-encoding", field.transferEncoding);
know("upgrade", field.upgrade);
know("expect", field.expect);
know("date", field.date);
for (const name of ["te", "keep-alive", "proxy-connection", "http2-settings"]) know(name, field.hop);
// `Proxy` becomes HTTP_PROXY for a CGI program (CVE-2016-5385, "httpoxy"): no client may set it.
for (const name of ["forwarded", "x-real-ip", "x-request-id", "proxy"]) know(name, field.forwarded);
know("traceparent", field.traceparent);
know("tracestate", field.tracestate);
know(peerField.toLowerCase(), field.peer);
const forwardedPrefix = Buffer.from("x-forwarded-");
const scratch = Buffer.alloc(64);

/**
 * Which of the known fields a name is. `_` counts as `-`: CGI and WSGI spell both alike, so `X_Forwarded_For` would forge
 * `X-Forwarded-For`. A name known only through its `_` is `forwarded`, which is dropped.
 */
export function fieldKind(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  const names = known[length];
  if (names !== undefined) {
    for (let index = 0; index < names.length; index++) {
      const [name, kind] = names[index]!;
      const match = matches(bytes, from, name);
      if (match !== 0) return match === 1 ? kind : field.forwarded;
    }
  }
  return length > forwardedPrefix.length && matches(bytes, from, forwardedPrefix) !== 0 ? field.forwarded : field.other;
}

/** The same of a name in lower case. */
export function fieldKindOf(name: string): number {
  // No known name is so long; a forwarding field is told by how it begins.
  return fieldKind(scratch, 0, scratch.write(name, "latin1"));
}

/** 0: not this name; 1: this name; 2: this name spelled with `_`. */
function matches(bytes: Uint8Array, from: number, lower: Uint8Array): number {
  let result = 1;
  for (let index = 0; index < lower.length; index++) {
    const byte = bytes[from + index]!;
    if ((byte | 0x20) === lower[index]) continue;
    if (byte !== UNDERSCORE || lower[index] !== DASH) return 0;
    result = 2;
  }
  return result;
}
