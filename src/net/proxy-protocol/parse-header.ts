import { malformed, type ProxyHeader, signature } from "./header.ts";
import { parseVersion1 } from "./version-1.ts";
import { parseVersion2 } from "./version-2.ts";

const version1Start = Buffer.from("PROXY ", "latin1");

/**
 * The header that `bytes` begin with; undefined while they are too few to tell. It is never looked for: where one is due,
 * anything else is wrong. Throws `proxy.malformed`.
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (startsLike(bytes, version1Start)) return bytes.length < version1Start.length ? undefined : parseVersion1(bytes);
  if (startsLike(bytes, signature)) return bytes.length < signature.length ? undefined : parseVersion2(bytes);
  throw malformed("it does not begin as one");
}

/** Whether one begins as the other, as far as they go. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}
