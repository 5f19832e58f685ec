import assert from "node:assert/strict";
import { test } from "node:test";
import { type Frame, FrameMeter } from "./frame-meter.ts";
import { frame, settings, word } from "./raw-client.ts";

const bytes = Buffer.concat([
  Buffer.from("hello"),
  settings([4, 65_535]),
  frame(6, 0, 0, Buffer.from("12345678")),
  frame(0, 1, 7),
  frame(0, 8, 0x7fffffff, Buffer.from([2, 0])),
  frame(8, 0, 5, word(0x80000001)),
  frame(0, 0, 3, Buffer.alloc(20_000, "x")),
  frame(3, 0, 3, word(8)),
]);

const expected = [
  [4, 0, 0, 6, 0x0004_0000],
  [6, 0, 0, 8, 0x3132_3334],
  [0, 1, 7, 0, 0],
  [0, 8, 0x7fffffff, 2, 0x0200],
  [8, 0, 5, 4, 0x80000001],
  [0, 0, 3, 20_000, 0x7878_7878],
  [3, 0, 3, 4, 8],
];

test("FrameMeter sees the same frames however the bytes are cut", () => {
  for (const size of [1, 2, 3, 5, 7, 9, 10, 13, 14, 100, 4096, bytes.length]) {
    const seen: number[][] = [];
    const meter = new FrameMeter(5, ({ type, flags, stream, length, word }: Readonly<Frame>) =>
      seen.push([type, flags, stream, length, word]),
    );
    for (let at = 0; at < bytes.length; at += size) meter.push(bytes.subarray(at, at + size));
    assert.deepEqual(seen, expected, `in pieces of ${size}`);
    assert.deepEqual([meter.withinHead, meter.withinPayload], [false, false]);
  }
});

test("FrameMeter tells whether a frame is incomplete", () => {
  const meter = new FrameMeter(0, () => {});
  meter.push(frame(0, 0, 1, Buffer.alloc(10)).subarray(0, 4));
  assert.deepEqual([meter.withinHead, meter.withinPayload], [true, false]);
  meter.push(frame(0, 0, 1, Buffer.alloc(10)).subarray(4, 15));
  assert.deepEqual([meter.withinHead, meter.withinPayload], [false, true]);
});
