import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeUnsigned, type LebFault, LebReader } from "./leb128.ts";

class Reader extends LebReader {
  protected override lebFault(fault: LebFault, at: number): never {
    throw new Error(`${fault} at ${at}`);
  }
}

type Method = "u32" | "u64" | "s33";

function check(method: Method, bytes: readonly number[], expected: number | string): void {
  const label = `${method} ${Buffer.from(bytes).toString("hex")}`;
  const reader = new Reader(Uint8Array.from(bytes));
  if (typeof expected === "string") {
    assert.throws(() => reader[method](), { message: expected }, label);
  } else {
    assert.equal(reader[method](), expected, label);
    assert.equal(reader.at, bytes.length, label);
  }
}

test("LebReader reads unsigned numbers of 32 bits", () => {
  check("u32", [0], 0);
  check("u32", [0x7f], 127);
  check("u32", [0x80, 1], 128);
  check("u32", [0xff, 0xff, 0xff, 0xff, 0x0f], 0xffff_ffff);
  check("u32", [0x80, 0x80, 0x80, 0x80, 0x00], 0);
});

test("LebReader rejects what is not a number of 32 bits", () => {
  check("u32", [], "truncated at 0");
  check("u32", [0x80, 0x80], "truncated at 0");
  check("u32", [0xff, 0xff, 0xff, 0xff, 0x1f], "overlong at 0");
  check("u32", [0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "overlong at 0");
});

test("LebReader reads unsigned numbers of 64 bits", () => {
  check("u64", [5], 5);
  check("u64", encodeUnsigned(2 ** 53 - 1), 2 ** 53 - 1);
  check("u64", [...Array<number>(9).fill(0xff), 1], 2 ** 64);
  check("u64", [...Array<number>(9).fill(0xff), 2], "overlong at 0");
  check("u64", [...Array<number>(10).fill(0x80), 0], "overlong at 0");
  check("u64", [0x80], "truncated at 0");
});

test("LebReader reads signed numbers of 33 bits", () => {
  check("s33", [0x70], -16);
  check("s33", [0xf0, 0x7f], -16);
  check("s33", [0xf0, 0xff, 0xff, 0xff, 0x7f], -16);
  check("s33", [0xff, 0xff, 0xff, 0xff, 0x0f], 0xffff_ffff);
  check("s33", [0x80, 0x80, 0x80, 0x80, 0x70], -(2 ** 32));
  check("s33", [0x80, 0x80, 0x80, 0x80, 0x20], "overlong at 0");
  check("s33", [0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "overlong at 0");
});

test("LebReader steps over signed numbers and checks their last byte", () => {
  const skip = (bits: 32 | 64, bytes: readonly number[]): number => {
    const reader = new Reader(Uint8Array.from(bytes));
    reader.skipSigned(bits);
    return reader.at;
  };
  assert.equal(skip(32, [0x80, 0x80, 0x80, 0x80, 0x78]), 5);
  assert.equal(skip(32, [0x80, 0x80, 0x80, 0x80, 0x07]), 5);
  assert.equal(skip(64, [...Array<number>(9).fill(0x80), 0x7f]), 10);
  assert.throws(() => skip(32, [0x80, 0x80, 0x80, 0x80, 0x08]), { message: "overlong at 0" });
  assert.throws(() => skip(64, [...Array<number>(9).fill(0x80), 0x01]), { message: "overlong at 0" });
  assert.throws(() => skip(64, [0x80]), { message: "truncated at 0" });
});

test("encodeUnsigned() gives the shortest form", () => {
  for (const value of [0, 127, 128, 16_383, 16_384, 0xffff_ffff, 2 ** 48]) {
    const bytes = encodeUnsigned(value);
    assert.equal(new Reader(Uint8Array.from(bytes)).u64(), value);
    assert.ok(bytes.length === 1 || bytes.at(-1) !== 0);
  }
});
