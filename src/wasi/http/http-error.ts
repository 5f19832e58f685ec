import { systemCode } from "../../base/errors.ts";
import { errno, type Result } from "../errno.ts";
import { type ErrorCode, type ErrorTag, errorCode } from "./error-code.ts";

/** Why a request that a guest sent has no answer. The message is for people. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A name could not be looked up: what {@link Dialler.resolve} gave. */
export function lookupError(host: string, result: Result): HttpError {
  switch (-result) {
    case errno.ACCES:
      return new HttpError(errorCode("HTTP-request-denied"), `${host}: not granted`);
    case errno.NOENT:
      return new HttpError(dnsError("NXDOMAIN"), `${host}: there is no such host`);
    case errno.NOBUFS:
      return new HttpError(errorCode("connection-limit-reached"), `${host}: too many names are being looked up`);
    default:
      return new HttpError(dnsError("SERVFAIL"), `${host}: the name could not be looked up`);
  }
}

/** No connection could be made: what {@link Dialler.connect} gave. */
export function connectError(place: string, result: Result): HttpError {
  const make = (tag: ErrorTag, why: string) => new HttpError(errorCode(tag), `${place}: ${why}`);
  switch (-result) {
    case errno.ACCES:
      return make("destination-IP-prohibited", "not granted");
    case errno.CONNREFUSED:
      return make("connection-refused", "the connection was refused");
    case errno.CONNRESET:
      return make("connection-terminated", "the connection was reset");
    case errno.TIMEDOUT:
      return make("connection-timeout", "the connection timed out");
    case errno.CANCELED:
      return make("connection-terminated", "aborted");
    case errno.NOBUFS:
      return make("connection-limit-reached", "too many connections are open");
    case errno.HOSTUNREACH:
    case errno.NETUNREACH:
      return make("destination-IP-unroutable", "the host cannot be reached");
    default:
      return make("destination-unavailable", "the host cannot be reached");
  }
}

const certificateCodes =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CRL_|INVALID_CA|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/;
// As OpenSSL names the alerts that it gets: ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION.
const alertCodes = /^ERR_SSL_.*_ALERT_(.*)$/;
const alertNumber = /SSL alert number ([0-9]{1,3})/;

/** TLS did not come about. */
export function tlsError(host: string, error: Error): HttpError {
  const code = systemCode(error) ?? "";
  if (certificateCodes.test(code))
    return new HttpError(errorCode("TLS-certificate-error"), `${host}: ${error.message}`);
  const alert = alertCodes.exec(code)?.[1];
  if (alert !== undefined) {
    const alertMessage = alert.toLowerCase().replaceAll("_", " ");
    const number = alertNumber.exec(error.message)?.[1];
    const alertId = number === undefined ? undefined : Number(number);
    const message = `${host}: TLS alert: ${alertMessage}`;
    return new HttpError(errorCode("TLS-alert-received", { alertId, alertMessage }), message);
  }
  if (code === "ECONNRESET")
    return new HttpError(errorCode("connection-terminated"), `${host}: the connection was closed`);
  return new HttpError(errorCode("TLS-protocol-error"), `${host}: no TLS connection could be made`);
}

/** What went wrong on a connection; `answered`: once the answer's head had come. By the codes of Node and of llhttp. */
export function exchangeError(host: string, error: Error, answered: boolean): HttpError {
  if (error instanceof HttpError) return error;
  const code = systemCode(error) ?? "";
  const make = (tag: ErrorTag, why: string, val?: unknown) => new HttpError(errorCode(tag, val), `${host}: ${why}`);
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return make("HTTP-response-header-section-size", "the head of the answer is too large");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
    case "HPE_INVALID_CHUNK_SIZE":
      return make("HTTP-protocol-error", "the answer's body is not chunked as it should be");
    case "HPE_INVALID_TRANSFER_ENCODING":
      return make("HTTP-response-transfer-coding", "the answer has another transfer coding than chunked");
    case "HPE_INVALID_EOF_STATE":
      return make("HTTP-response-incomplete", "the answer broke off");
  }
  // With TLS 1.3 the other side may speak after its hello: of a certificate that it misses, for one.
  if (code.startsWith("ERR_SSL_")) return tlsError(host, error);
  if (code.startsWith("HPE_")) return make("HTTP-protocol-error", "the answer is not HTTP");
  if (answered) return make("HTTP-response-incomplete", "the answer broke off");
  return make("connection-terminated", "the connection was closed before there was an answer");
}

function dnsError(rcode: string): ErrorCode {
  return errorCode("DNS-error", { rcode, infoCode: undefined });
}
