import { opcode } from "./opcode.ts";

// What tests write frames with, right and wrong ones.

export interface FrameForm {
  /** A client's; the mask is fixed. */
  readonly masked?: boolean;
  readonly final?: boolean;
  /** The three reserved bits, as a number. */
  readonly reserved?: number;
  /** Bytes of the extended length, where it is not to be the shortest. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** What the header says, where that is not the payload's. */
  readonly length?: number;
}

const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export function frame(code: number, payload: string | Uint8Array = "", form: FrameForm = {}): Buffer {
  const data = Buffer.from(payload as Uint8Array);
  const { masked = false, final = true, reserved = 0, length = data.length } = form;
  const lengthBytes = form.lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = (final ? 0x80 : 0) | (reserved << 4) | code;
  head[1] = (masked ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(length, 2);
  else if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([head, data]);
  return Buffer.concat([head, mask, data.map((byte, at) => byte ^ mask[at & 3]!)]);
}

export function closing(code: number, reason: string | Uint8Array = "", form: FrameForm = {}): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason as Uint8Array)]);
  return frame(opcode.close, payload, form);
}

/** Frames without a mask that have come whole, from the front of the bytes: what they say, and what is left. */
export function readFrames(bytes: Buffer): { frames: { code: number; payload: Buffer }[]; rest: Buffer } {
  const frames: { code: number; payload: Buffer }[] = [];
  let at = 0;
  while (bytes.length - at >= 2) {
    const short = bytes[at + 1]! & 0x7f;
    const masked = bytes[at + 1]! >= 0x80;
    const head = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (masked ? 4 : 0);
    if (bytes.length - at < head) break;
    const length =
      short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
    if (bytes.length - at < head + length) break;
    const payload = Buffer.from(bytes.subarray(at + head, at + head + length));
    if (masked) for (let index = 0; index < length; index++) payload[index]! ^= bytes[at + head - 4 + (index & 3)]!;
    frames.push({ code: bytes[at]! & 0x0f, payload });
    at += head + length;
  }
  return { frames, rest: bytes.subarray(at) };
}
