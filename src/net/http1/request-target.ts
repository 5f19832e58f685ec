import { WarrenError } from "../../base/errors.ts";

/** What the walk over a request target found out. */
export interface TargetFacts {
  /** Where the path ends: at the `?` or the target's end. */
  pathTo: number;
  /** The path may hold dot segments, plain or encoded: the router has to look closer. */
  suspicious: boolean;
}

/**
 * Checks an origin-form target (RFC 9112 §3.2.1) from its `/` on and reports into `facts`. Raw UTF-8 and characters such
 * as `|` pass, as browsers and other servers let them. `#` is refused, and `\` in the path: recipients that follow the
 * WHATWG URL standard read it as `/`.
 */
export function checkOriginForm(bytes: Uint8Array, from: number, to: number, facts: TargetFacts): void {
  let pathTo = to;
  let suspicious = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte > 0x3f && byte !== 0x5c && byte !== 0x7f) continue;
    if (byte <= 0x20 || byte === 0x7f || byte === 0x23) throw invalidTarget();
    if (pathTo !== to) continue;
    if (byte === 0x3f) pathTo = at;
    else if (byte === 0x5c) throw invalidTarget();
    else if (byte === 0x25 || (byte === 0x2e && bytes[at - 1] === 0x2f)) suspicious = true;
  }
  facts.pathTo = pathTo;
  facts.suspicious = suspicious;
}

/** The length of `http://` or `https://` at the start of an absolute-form target, 0 when it begins otherwise. */
export function schemeLength(bytes: Buffer, from: number, to: number): number {
  const start = bytes.toString("latin1", from, Math.min(to, from + 8)).toLowerCase();
  if (start === "https://") return 8;
  return start.startsWith("http://") ? 7 : 0;
}

export function invalidTarget(): WarrenError {
  return new WarrenError("head.target", "the request target is not valid");
}
