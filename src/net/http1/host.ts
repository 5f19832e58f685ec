import { COLON, hostByte, ipv6Byte } from "./bytes.ts";

/** Whether bytes are `name`, `1.2.3.4` or `[::1]`, with a port or without: what a Host field may hold here. */
export function isHost(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  if (bytes[at] === 0x5b) {
    at++;
    while (at < to && ipv6Byte[bytes[at]!] === 1) at++;
    if (bytes[at] !== 0x5d || at - from < 3) return false;
    at++;
  } else {
    while (at < to && hostByte[bytes[at]!] === 1) at++;
    if (at === from) return false;
  }
  // RFC 1035 §2.3.4: a name has at most 255 octets.
  if (at - from > 255) return false;
  if (at === to) return true;
  if (bytes[at] !== COLON || to - at > 6 || to - at < 2) return false;
  let port = 0;
  for (at++; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65_535;
}

/** The name that routes are looked up by: lower case, without port and trailing dot. */
export function hostName(host: string): string {
  let end = host.length;
  const colon = host.lastIndexOf(":");
  if (colon > 0 && host.charCodeAt(colon - 1) !== COLON && host.indexOf("]", colon) < 0) end = colon;
  if (end > 1 && host.charCodeAt(end - 1) === 0x2e) end--;
  return (end === host.length ? host : host.slice(0, end)).toLowerCase();
}
