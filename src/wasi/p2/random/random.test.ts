import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "../../random.ts";
import { testHost } from "../testdata/test-host.ts";

test("random bytes come in the number that was asked for, up to a limit", () => {
  const host = testHost();
  for (const [interfaceName, name] of [
    ["random/random", "get-random-bytes"],
    ["random/insecure", "get-insecure-random-bytes"],
  ] as const) {
    for (const length of [0, 1, 1_000_000]) {
      const bytes = host.call(interfaceName, name, BigInt(length)) as Uint8Array;
      assert.equal(bytes.length, length);
      assert.ok(bytes.every((byte) => byte === 7));
    }
    for (const length of [16n * 1024n * 1024n + 1n, 2n ** 64n - 1n]) {
      assert.throws(() => host.call(interfaceName, name, length), WebAssembly.RuntimeError);
    }
  }
});

test("random numbers have 64 bits", () => {
  const host = testHost();
  const sevens = 0x0707070707070707n;
  assert.equal(host.call("random/random", "get-random-u64"), sevens);
  assert.equal(host.call("random/insecure", "get-insecure-random-u64"), sevens);
  assert.deepEqual(host.call("random/insecure-seed", "insecure-seed"), [sevens, sevens]);
  const real = testHost({ random: systemRandom });
  assert.notEqual(real.call("random/random", "get-random-u64"), real.call("random/random", "get-random-u64"));
});
