/** `error-code` of wasi:http/types, as component/types.ts stands for a variant. */
export interface ErrorCode {
  readonly tag: ErrorTag;
  readonly val: unknown;
}

/** Those without a payload, and those whose payload may be left out. */
export type ErrorTag =
  | "DNS-timeout"
  | "DNS-error"
  | "destination-not-found"
  | "destination-unavailable"
  | "destination-IP-prohibited"
  | "destination-IP-unroutable"
  | "connection-refused"
  | "connection-terminated"
  | "connection-timeout"
  | "connection-read-timeout"
  | "connection-write-timeout"
  | "connection-limit-reached"
  | "TLS-protocol-error"
  | "TLS-certificate-error"
  | "TLS-alert-received"
  | "HTTP-request-denied"
  | "HTTP-request-length-required"
  | "HTTP-request-body-size"
  | "HTTP-request-method-invalid"
  | "HTTP-request-URI-invalid"
  | "HTTP-request-URI-too-long"
  | "HTTP-request-header-section-size"
  | "HTTP-request-header-size"
  | "HTTP-request-trailer-section-size"
  | "HTTP-request-trailer-size"
  | "HTTP-response-incomplete"
  | "HTTP-response-header-section-size"
  | "HTTP-response-header-size"
  | "HTTP-response-body-size"
  | "HTTP-response-trailer-section-size"
  | "HTTP-response-trailer-size"
  | "HTTP-response-transfer-coding"
  | "HTTP-response-content-coding"
  | "HTTP-response-timeout"
  | "HTTP-upgrade-failed"
  | "HTTP-protocol-error"
  | "loop-detected"
  | "configuration-error"
  | "internal-error";

export function errorCode(tag: ErrorTag, val?: unknown): ErrorCode {
  return { tag, val };
}

/** The status by which a client hears of a guest's error (RFC 9110 §15). */
export function statusOfError({ tag }: ErrorCode): number {
  switch (tag) {
    case "DNS-timeout":
    case "connection-timeout":
    case "connection-read-timeout":
    case "connection-write-timeout":
    case "HTTP-response-timeout":
      return 504;
    case "connection-limit-reached":
      return 503;
    case "HTTP-request-denied":
      return 403;
    case "HTTP-request-length-required":
      return 411;
    case "HTTP-request-body-size":
      return 413;
    case "HTTP-request-method-invalid":
    case "HTTP-request-URI-invalid":
      return 400;
    case "HTTP-request-URI-too-long":
      return 414;
    case "HTTP-request-header-section-size":
    case "HTTP-request-header-size":
    case "HTTP-request-trailer-section-size":
    case "HTTP-request-trailer-size":
      return 431;
    case "loop-detected":
      return 508;
    case "configuration-error":
    case "internal-error":
      return 500;
    default:
      return 502;
  }
}
