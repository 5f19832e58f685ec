import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { Fault, GuestMemory, guarded } from "./memory.ts";

function faults(code: number): (error: unknown) => boolean {
  return (error) => error instanceof Fault && error.errno === code;
}

test("GuestMemory takes pointers as unsigned and refuses what is out of range", () => {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
  assert.equal(memory.bytes(65536, 0).length, 0);
  assert.equal(memory.bytes(65535, 1).length, 1);
  for (const [pointer, length] of [
    [65536, 1],
    [65535, 2],
    [-1, 1],
    [0, -1],
    [-1, -1],
    [-8, 8],
  ] as const) {
    assert.throws(() => memory.bytes(pointer, length), faults(errno.FAULT));
  }
  assert.throws(() => memory.setU32(65533, 1), faults(errno.FAULT));
  assert.throws(() => memory.getU64(-8), faults(errno.FAULT));
  memory.setU64(65528, 0xffff_ffff_ffff_fffen);
  assert.equal(memory.getU64(65528), 0xffff_ffff_ffff_fffen);
});

test("GuestMemory sees growth", () => {
  const wasm = new WebAssembly.Memory({ initial: 1 });
  const memory = new GuestMemory(wasm);
  assert.equal(memory.u8().length, 65536);
  wasm.grow(1);
  assert.equal(memory.u8().length, 131072);
  memory.setU8(131071, 7);
  assert.equal(memory.view().getUint8(131071), 7);
});

test("GuestMemory has nothing before a memory is attached", () => {
  const memory = new GuestMemory();
  assert.throws(() => memory.setU8(0, 1), faults(errno.FAULT));
  memory.attach(new WebAssembly.Memory({ initial: 1 }));
  memory.setU8(0, 1);
});

test("iovs() gives views, leaves empty buffers out and bounds their number and sum", () => {
  const wasm = new WebAssembly.Memory({ initial: 1 });
  const memory = new GuestMemory(wasm);
  const list = new Uint32Array(wasm.buffer, 0, 6);
  list.set([100, 5, 65536, 0, 200, 7]);
  assert.deepEqual(
    memory.iovs(0, 3).map((buffer) => [buffer.byteOffset, buffer.length]),
    [
      [100, 5],
      [200, 7],
    ],
  );
  list.set([65530, 7]);
  assert.throws(() => memory.iovs(0, 1), faults(errno.FAULT));
  assert.throws(() => memory.iovs(65529, 1), faults(errno.FAULT));
  assert.throws(() => memory.iovs(0, 1025), faults(errno.INVAL));
  assert.throws(() => memory.iovs(0, -1), faults(errno.INVAL));
});

test("string() refuses NUL, what is not UTF-8 and what is too long", () => {
  const wasm = new WebAssembly.Memory({ initial: 1 });
  const memory = new GuestMemory(wasm);
  const put = (bytes: readonly number[]) => {
    new Uint8Array(wasm.buffer).set(bytes);
    return () => memory.string(0, bytes.length);
  };
  assert.equal(put([0xef, 0xbb, 0xbf, 0x61])(), "\ufeffa");
  assert.throws(put([0x61, 0, 0x62]), faults(errno.INVAL));
  assert.throws(put([0xff]), faults(errno.ILSEQ));
  assert.throws(put([0xed, 0xa0, 0x80]), faults(errno.ILSEQ));
  assert.throws(put([0xc0, 0xaf]), faults(errno.ILSEQ));
  assert.throws(() => memory.string(0, 4097), faults(errno.NAMETOOLONG));
});

test("guarded() turns a fault into its errno and lets other errors through", () => {
  const call = guarded((code: number) => {
    if (code === 0) throw new RangeError("ours");
    throw new Fault(code);
  });
  assert.equal(call(errno.ILSEQ), errno.ILSEQ);
  assert.throws(() => call(0), RangeError);
});
