import { WarrenError } from "../../base/errors.ts";

const code = "service.reset";

/** A guest that speaks HTTP/2 reset a stream with this code (RFC 9113 §7). */
export function resetByGuest(errorCode: number): WarrenError {
  return new WarrenError(code, `the guest reset the stream with code ${errorCode}`, { status: 502, at: errorCode });
}

/** The code to pass on to a client of HTTP/2. */
export function resetCodeOf(error: WarrenError): number | undefined {
  return error.code === code ? Number(error.at) : undefined;
}
