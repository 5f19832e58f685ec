import assert from "node:assert/strict";
import { test } from "node:test";
import { datagramBytesMax, encodeFrame, FrameReader, frameKind } from "./datagram-frames.ts";

test("FrameReader gives what encodeFrame() wrote, in pieces of any size", () => {
  const frames = [0, 1, 500, datagramBytesMax].map((length, i) => ({
    kind: i % 2 === 0 ? frameKind.datagram : frameKind.refused,
    ip: Uint8Array.from({ length: 16 }, (_, at) => at * 16 + i),
    port: 65_535 - i,
    data: Uint8Array.from({ length }, (_, at) => at % 251),
  }));
  const bytes = Buffer.concat(frames.map(encodeFrame));
  for (const size of [1, 7, 21, 22, 1000, bytes.length]) {
    const reader = new FrameReader();
    const got = [];
    for (let at = 0; at < bytes.length; at += size) got.push(...reader.push(bytes.subarray(at, at + size)));
    assert.deepEqual(got, frames, `in pieces of ${size}`);
  }
});
