// Tables over byte values, so that a check costs one load a byte.

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const UNDERSCORE = 0x5f;

function table(text: string): Uint8Array {
  const result = new Uint8Array(256);
  for (const byte of Buffer.from(text, "latin1")) result[byte] = 1;
  return result;
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** RFC 9110 §5.6.2, tchar. */
export const tokenByte: Uint8Array = table(`!#$%&'*+-.^_\`|~${alphanumeric}`);

/** Bytes of a host name or an IPv4 address. Stricter than RFC 3986 §3.2.2: sub-delims and percent-encoding name no host that is routed. */
export const hostByte: Uint8Array = table(`-._${alphanumeric}`);

/** Bytes between the brackets of an IPv6 literal. */
export const ipv6Byte: Uint8Array = table(":.0123456789abcdefABCDEF");

/** What may stand in a line of a head at all: HTAB, SP, VCHAR and obs-text (RFC 9110 §5.5). */
export const lineByte: Uint8Array = new Uint8Array(256).fill(1, 0x20);
lineByte[TAB] = 1;
lineByte[0x7f] = 0;

/** The value of a hexadecimal digit, -1 for others. */
export const hexValue: Int8Array = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  hexValue[digit.toString(16).charCodeAt(0)] = digit;
  hexValue[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Whether `bytes` from `from` on spells `lower` (letters and `-`) without regard to case. The caller checks the length. */
export function spells(bytes: Uint8Array, from: number, lower: Uint8Array): boolean {
  for (let index = 0; index < lower.length; index++) {
    if ((bytes[from + index]! | 0x20) !== lower[index]!) return false;
  }
  return true;
}

/** In place of bytes that are not held any more. */
export const noBytes: Buffer = Buffer.alloc(0);
