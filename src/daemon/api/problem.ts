import { STATUS_CODES } from "node:http";
import { systemCode, WarrenError } from "../../base/errors.ts";
import type { Problem } from "../../control/service.ts";

export const problemType = "application/problem+json";

/** The document for an error (RFC 9457). `about:blank` says that the title is the status's own; our `code` tells more. */
export function problemOf({ code, message, status, hint, at }: WarrenError): Problem {
  return {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    code,
    detail: message,
    ...(hint === undefined ? {} : { hint }),
    ...(at === undefined ? {} : { at }),
  };
}

/** Codes of Fastify's own refusals; what is not listed and has a 4xx status is `request.invalid`. */
const frameworkCodes: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "request.too-large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "request.media-type",
};

/** What a client is told of anything thrown: never a stack, nor the text of an error that was not written for it. */
export function warrenErrorOf(error: unknown): WarrenError {
  if (error instanceof WarrenError) return error;
  const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) {
    const code = frameworkCodes[systemCode(error) ?? ""] ?? "request.invalid";
    return new WarrenError(code, error instanceof Error ? error.message : String(error), { status, cause: error });
  }
  return new WarrenError("internal", "the daemon failed to answer", {
    status: 500,
    hint: "its log says why; please report it",
    cause: error,
  });
}
