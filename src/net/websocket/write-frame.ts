import { randomBytes } from "node:crypto";
import { opcode } from "./opcode.ts";

/** A control frame of the front's own; masked when it goes to a guest, whose client the front then is (RFC 6455 §5.3). */
function controlFrame(code: number, payload: Uint8Array, masked: boolean): Buffer {
  const headBytes = masked ? 6 : 2;
  const frame = Buffer.alloc(headBytes + payload.length);
  frame[0] = 0x80 | code;
  frame[1] = (masked ? 0x80 : 0) | payload.length;
  frame.set(payload, headBytes);
  if (!masked) return frame;
  const mask = randomBytes(4);
  frame.set(mask, 2);
  for (let at = 0; at < payload.length; at++) frame[headBytes + at] = frame[headBytes + at]! ^ mask[at & 3]!;
  return frame;
}

/** The reason is ASCII, at most 123 bytes. */
export function closeFrame(code: number, reason: string, masked: boolean): Buffer {
  const payload = Buffer.alloc(2 + reason.length);
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2, "latin1");
  return controlFrame(opcode.close, payload, masked);
}

/** To a client. */
export function pingFrame(payload: Uint8Array): Buffer {
  return controlFrame(opcode.ping, payload, false);
}
