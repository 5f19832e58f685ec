import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { GuestMemory } from "./memory.ts";
import { ipBytes, readAddress, writeAddress } from "./wasmedge-address.ts";

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
  test(`writeAddress() and readAddress() of ${ip} in ${length} bytes`, () => {
    const made = memory(length);
    assert.equal(writeAddress(made, 0, ip), ip.includes(":") ? 6 : 4);
    assert.equal(readAddress(made, 0), ip);
  });
}

test("an IPv4 address in IPv6's form is IPv4, and an IPv6 address does not fit four bytes", () => {
  assert.deepEqual([...ipBytes("::ffff:192.0.2.1")], [192, 0, 2, 1]);
  assert.throws(() => writeAddress(memory(4), 0, "::1"), { errno: errno.INVAL });
  assert.throws(() => readAddress(memory(5), 0), { errno: errno.INVAL });
});
