import { WarrenError } from "../../base/errors.ts";
import { COMMA, SPACE, TAB, tokenByte } from "./bytes.ts";

/** `1*DIGIT` and nothing else (RFC 9110 §8.6): no sign, no list, at most 15 digits, so that it is exact as a number. */
export function parseContentLength(bytes: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > 15) throw framing("Content-Length is not a number of at most 15 digits");
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) throw framing("Content-Length is not one number");
    value = value * 10 + digit;
  }
  return value;
}

/** A comma-separated list of tokens in lower case (RFC 9110 §5.6.1). Throws `head.malformed`. */
export function parseTokens(bytes: Uint8Array, from: number, to: number): string[] {
  const tokens: string[] = [];
  let at = from;
  while (at < to) {
    while (at < to && (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === COMMA)) at++;
    const start = at;
    while (at < to && tokenByte[bytes[at]!] === 1) at++;
    if (at > start) tokens.push(String.fromCharCode(...bytes.subarray(start, at)).toLowerCase());
    while (at < to && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
    if (at < to && bytes[at] !== COMMA)
      throw new WarrenError("head.malformed", "a list of tokens holds something else");
  }
  return tokens;
}

/** Names that Connection lists beside its own options, to be removed as well (RFC 9110 §7.6.1). */
export function hopNames(options: readonly string[]): string[] | undefined {
  let names: string[] | undefined;
  for (const option of options) {
    if (!kept.has(option)) {
      names ??= [];
      names.push(option);
    }
  }
  return names;
}

// Options of Connection itself, and fields whose removal would change what the message says or where it goes.
const kept = new Set(["close", "keep-alive", "upgrade", "host", "content-length", "transfer-encoding"]);

export function framing(message: string): WarrenError {
  return new WarrenError("head.framing", message);
}
