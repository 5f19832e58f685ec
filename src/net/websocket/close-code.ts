import { isUtf8 } from "node:buffer";
import { Violation } from "./violation.ts";

/** Whether a close frame may carry it (RFC 6455 §7.4, and what IANA has registered since): 1004 to 1006 and 1015 may not be sent. */
function maySend(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/** Checks the payload of a close frame, unmasked (RFC 6455 §5.5.1). Throws Violation. */
export function checkClose(payload: Uint8Array): void {
  if (payload.length === 0) return;
  if (payload.length === 1) throw new Violation(1002, "a close frame with half a code");
  if (!maySend(payload[0]! * 256 + payload[1]!)) throw new Violation(1002, "a close code that may not be sent");
  if (!isUtf8(payload.subarray(2))) throw new Violation(1007, "a reason that is not UTF-8");
}
