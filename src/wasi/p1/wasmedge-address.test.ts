import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { GuestMemory } from "./memory.ts";
import { ipBytes, readName, writeName } from "./wasmedge-address.ts";

function memory(length: number): GuestMemory {
  const made = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
  made.setU32(0, 64);
  made.setU32(4, length);
  return made;
}

const cases: readonly [ip: string, length: number][] = [
  ["127.0.0.1", 4],
  ["127.0.0.1", 128],
  ["::1", 16],
  ["::", 128],
  ["2001:db8::ff00:42:8329", 16],
  ["1:2:3:4:5:6:7:8", 128],
  ["fe80::1:0:0:1", 16],
];

for (const [ip, length] of cases) {
  test(`writeName() and readName() of ${ip} in ${length} bytes`, () => {
    const made = memory(length);
    assert.equal(writeName(made, 0, { ip, port: 80 }), ip.includes(":") ? 6 : 4);
    assert.deepEqual(readName(made, 0, 80), { ip, port: 80 });
  });
}

test("an IPv4 address in IPv6's form is IPv4, and an IPv6 address does not fit four bytes", () => {
  assert.deepEqual([...ipBytes("::ffff:192.0.2.1")], [192, 0, 2, 1]);
  assert.throws(() => writeName(memory(4), 0, { ip: "::1", port: 80 }), { errno: errno.INVAL });
  assert.throws(() => readName(memory(5), 0, 80), { errno: errno.INVAL });
});

test("a unix name has its path in 128 bytes, and no family means no name", () => {
  const made = memory(128);
  assert.equal(writeName(made, 0, { path: "/run/db.sock" }), 0);
  assert.deepEqual(readName(made, 0, 0), { path: "/run/db.sock" });
  made.bytes(64, 128).fill(0x61).set([3, 0]);
  assert.throws(() => readName(made, 0, 0), { errno: errno.INVAL });
  made.bytes(64, 128).fill(0);
  assert.equal(readName(made, 0, 0), undefined);
  assert.throws(() => writeName(memory(16), 0, { path: "/x" }), { errno: errno.INVAL });
});
