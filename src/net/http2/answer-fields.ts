import { WarrenError } from "../../base/errors.ts";
import { currentDate } from "../http1/date.ts";
import { fieldPatterns } from "../http1/write-head.ts";
import type { Field } from "../target.ts";

/** Fields of HTTP/1 connections, which no message of HTTP/2 may have (RFC 9113 §8.2.2). */
const dropped = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** A head for node:http2: names and values in turn, `:status` first. */
export interface AnswerFields {
  readonly list: string[];
  /** -1 when the guest gave no Content-Length. */
  readonly contentLength: number;
}

/** Checks what a guest says as `writeHead` does, and throws the same. */
export function answerFields(status: number, fields: readonly Field[]): AnswerFields {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new WarrenError("head.malformed", `the status ${status} is not between 200 and 599`);
  const list = [":status", String(status)];
  let contentLength = -1;
  let dated = false;
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    checkField(lower, value);
    if (dropped.has(lower)) continue;
    if (lower === "content-length") {
      if (contentLength >= 0 || !/^[0-9]{1,15}$/.test(value))
        throw new WarrenError("head.framing", "Content-Length is not one number");
      contentLength = Number(value);
      // RFC 9110 §8.6.
      if (status === 204) continue;
    }
    if (lower === "date") dated = true;
    list.push(lower, value);
  }
  // RFC 9110 §6.6.1: an origin server with a clock sends Date.
  if (!dated) list.push("date", currentDate());
  return { list, contentLength };
}

/** Fields of an interim answer, or those behind a body: what is not fit to be sent is left out. */
export function lateFields(fields: readonly Field[]): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    if (dropped.has(lower) || lower === "content-length" || !fieldPatterns.name.test(lower)) continue;
    if (!fieldPatterns.value.test(value)) continue;
    const before = result[lower];
    if (before === undefined) result[lower] = value;
    else result[lower] = typeof before === "string" ? [before, value] : [...before, value];
  }
  return result;
}

function checkField(name: string, value: string): void {
  if (!fieldPatterns.name.test(name)) throw new WarrenError("head.malformed", "a field's name is not valid");
  if (!fieldPatterns.value.test(value))
    throw new WarrenError("head.malformed", `the value of ${name} holds a control character`);
}
