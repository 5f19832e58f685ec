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

/** A whole response. JSON (RFC 9457) when the request's Accept asks for it, else one line of text. */
export function errorAnswer(
  error: ErrorAnswer,
  request: { accept: string | undefined; head: boolean; connection: "close" | "keep-alive" | "" },
): Buffer {
  const { status, code, message } = error;
  const title = reasonOf(status) || "Error";
  const json = request.accept !== undefined && /\bjson\b/i.test(request.accept);
  const body = json ? `${JSON.stringify({ title, status, code, detail: message })}\n` : `${message} (${code})\n`;
  return Buffer.from(
    `HTTP/1.1 ${status} ${title}\r\n` +
      `Content-Type: ${json ? "application/problem+json" : "text/plain; charset=utf-8"}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n` +
      "X-Content-Type-Options: nosniff\r\n" +
      `Date: ${currentDate()}\r\n` +
      (error.retryAfterSeconds === undefined ? "" : `Retry-After: ${error.retryAfterSeconds}\r\n`) +
      (request.connection === "" ? "" : `Connection: ${request.connection}\r\n`) +
      `\r\n${request.head ? "" : body}`,
  );
}
