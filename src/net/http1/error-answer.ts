import type { Field } from "../target.ts";
import { currentDate } from "./date.ts";
import { reasonOf } from "./reason.ts";

/** Answers of the front itself. Nothing that a client sent is repeated in them. */
export interface ErrorAnswer {
  readonly status: number;
  /** Stable and dotted: `route.unknown`. */
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/** Its fields, but those of the connection, and its body: JSON (RFC 9457) when the request's Accept asks for it, else one line of text. */
export function errorParts(error: ErrorAnswer, accept: string | undefined): { fields: Field[]; body: string } {
  const { status, code, message } = error;
  const json = accept !== undefined && /\bjson\b/i.test(accept);
  const body = json
    ? `${JSON.stringify({ title: titleOf(status), status, code, detail: message })}\n`
    : `${message} (${code})\n`;
  const fields: Field[] = [
    ["Content-Type", json ? "application/problem+json" : "text/plain; charset=utf-8"],
    ["Content-Length", String(Buffer.byteLength(body))],
    ["X-Content-Type-Options", "nosniff"],
    ["Date", currentDate()],
  ];
  // RFC 6455 §4.4, RFC 9110 §15.5.22: what to ask for instead.
  if (status === 426) fields.push(["Upgrade", "websocket"], ["Sec-WebSocket-Version", "13"]);
  if (error.retryAfterSeconds !== undefined) fields.push(["Retry-After", String(error.retryAfterSeconds)]);
  return { fields, body };
}

/** A whole response of HTTP/1.1. */
export function errorAnswer(
  error: ErrorAnswer,
  request: { accept: string | undefined; head: boolean; connection: "close" | "keep-alive" | "" },
): Buffer {
  const { fields, body } = errorParts(error, request.accept);
  if (request.connection !== "") fields.push(["Connection", request.connection]);
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`HTTP/1.1 ${error.status} ${titleOf(error.status)}\r\n${lines}\r\n${request.head ? "" : body}`);
}

function titleOf(status: number): string {
  return reasonOf(status) || "Error";
}
