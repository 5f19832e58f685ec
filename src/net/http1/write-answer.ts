import type { Answer } from "../answer.ts";
import { currentDate } from "./date.ts";
import { writeHead } from "./write-head.ts";

/** An answer of the front's as the bytes of HTTP/1.1. Throws as {@link writeHead} does. */
export function writeAnswer(
  { status, fields, body }: Answer,
  { head, connection }: { head: boolean; connection: "close" | "keep-alive" | "" },
): Buffer {
  const bodiless = status === 204 || status === 304;
  let { text } = writeHead(status, fields, currentDate());
  // RFC 9110 §8.6: none in a 204; that of a HEAD is what the GET would have had.
  if (!bodiless) text += `Content-Length: ${body.length}\r\n`;
  if (connection !== "") text += `Connection: ${connection}\r\n`;
  const bytes = Buffer.from(`${text}\r\n`, "latin1");
  return head || bodiless || body.length === 0 ? bytes : Buffer.concat([bytes, body]);
}
