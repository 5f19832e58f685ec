import { assert } from "../../base/assert.ts";

/** A datagram on a stream between a worker and the connector: with whom, in 16 bytes (base/ip.ts), and what. */
export interface Frame {
  readonly kind: FrameKind;
  readonly ip: Uint8Array;
  readonly port: number;
  readonly data: Uint8Array;
}

/** `refused`: there is no grant for what was sent there. */
export const frameKind = { datagram: 0, refused: 1 } as const;
export type FrameKind = (typeof frameKind)[keyof typeof frameKind];

/** Length of the data, kind, port, address. */
const headBytes = 2 + 1 + 2 + 16;
/** Largest payload over IPv4 (RFC 768, RFC 791). */
export const datagramBytesMax = 65_507;

export function encodeFrame({ kind, ip, port, data }: Frame): Buffer {
  assert(ip.length === 16 && data.length <= datagramBytesMax);
  const bytes = Buffer.allocUnsafe(headBytes + data.length);
  bytes.writeUInt16LE(data.length, 0);
  bytes.writeUInt8(kind, 2);
  bytes.writeUInt16LE(port, 3);
  bytes.set(ip, 5);
  bytes.set(data, headBytes);
  return bytes;
}

/** Cuts what comes from a stream into frames, each with memory of its own. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  *push(chunk: Uint8Array): Generator<Frame> {
    let bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= headBytes) {
      const end = headBytes + bytes.readUInt16LE(0);
      if (bytes.length < end) break;
      const kind = bytes.readUInt8(2) === frameKind.refused ? frameKind.refused : frameKind.datagram;
      yield {
        kind,
        ip: Uint8Array.from(bytes.subarray(5, headBytes)),
        port: bytes.readUInt16LE(3),
        data: Uint8Array.from(bytes.subarray(headBytes, end)),
      };
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}
