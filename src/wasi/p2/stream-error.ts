import { IoError } from "./io-error.ts";
import { err } from "./result.ts";

/** How a stream has come to its end: in order, or by a failure that it tells once. */
export type StreamError = "closed" | IoError;

/** `wasi:io/streams.stream-error` */
export type WitStreamError =
  | { readonly tag: "closed"; readonly val: undefined }
  | { readonly tag: "last-operation-failed"; readonly val: IoError };

export type StreamFailure = { readonly tag: "err"; readonly val: WitStreamError };

export const closed: StreamFailure = err({ tag: "closed", val: undefined } as const);

export function streamFailure(error: StreamError): StreamFailure {
  return error === "closed" ? closed : err({ tag: "last-operation-failed", val: error } as const);
}

export function isStreamError(value: unknown): value is StreamError {
  return value === "closed" || value instanceof IoError;
}
