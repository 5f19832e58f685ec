import { randomBytes } from "node:crypto";
import type { ByteRange } from "./byte-ranges.ts";
import type { BodyPart } from "./file-body.ts";

/** Several ranges of a file as one body (RFC 9110 §14.6). */
export interface Multipart {
  readonly type: string;
  readonly bytes: number;
  readonly parts: readonly BodyPart[];
}

export function multipart(ranges: readonly ByteRange[], size: number, type: string): Multipart {
  // So long, and drawn anew for each answer, that it is in no file.
  const boundary = randomBytes(18).toString("base64url");
  const parts: BodyPart[] = [];
  let bytes = 0;
  for (const range of ranges) {
    const head = Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
    );
    parts.push(head, range);
    bytes += head.length + range.to - range.from;
  }
  const end = Buffer.from(`\r\n--${boundary}--\r\n`);
  parts.push(end);
  return { type: `multipart/byteranges; boundary=${boundary}`, bytes: bytes + end.length, parts };
}

/** RFC 9110 §14.4, whose last byte is inclusive. */
export function contentRange({ from, to }: ByteRange, size: number): string {
  return `bytes ${from}-${to - 1}/${size}`;
}
