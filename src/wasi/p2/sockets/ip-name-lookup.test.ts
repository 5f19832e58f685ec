import assert from "node:assert/strict";
import { test } from "node:test";
import { errno, type Result } from "../../errno.ts";
import { Dialler } from "../../sockets/dialler.ts";
import { OutboundStub } from "../../sockets/testdata/outbound-stub.ts";
import { VirtualNetwork } from "../../sockets/virtual-network.ts";
import { testHost } from "../testdata/test-host.ts";

const v6 = { tag: "ipv6", val: [0x2606, 0x4700, 0, 0, 0, 0, 0, 0x1111] };
const v4 = { tag: "ipv4", val: [8, 8, 8, 8] };

function lookup(resolve?: (name: string) => Promise<readonly string[] | Result>) {
  const network = new VirtualNetwork();
  const outbound = new OutboundStub();
  if (resolve !== undefined) outbound.resolve = resolve;
  const host = testHost({ network, dialler: new Dialler(network, resolve && outbound) });
  const handle = host.call("sockets/instance-network", "instance-network");
  return {
    host,
    resolve: (name: string) => host.call("sockets/ip-name-lookup", "resolve-addresses", handle, name),
    next: (self: unknown) =>
      host.call("sockets/ip-name-lookup", "[method]resolve-address-stream.resolve-next-address", self),
  };
}

test("the addresses of a name come one by one, once they are there", async () => {
  const names: string[] = [];
  const { host, resolve, next } = lookup(async (name) => {
    names.push(name);
    return ["2606:4700::1111", "8.8.8.8"];
  });
  const found = resolve("ExämPle.com").val;
  assert.deepEqual(next(found), { tag: "err", val: "would-block" });
  await host.call("sockets/ip-name-lookup", "[method]resolve-address-stream.subscribe", found).block();
  assert.deepEqual(
    [1, 2, 3, 4].map(() => next(found).val),
    [v6, v4, undefined, undefined],
  );
  assert.deepEqual(names, ["xn--exmple-cua.com"]);
});

test("addresses and localhost need no lookup", () => {
  const { resolve, next } = lookup();
  for (const [name, address] of [
    ["8.8.8.8", v4],
    ["2606:4700::1111", v6],
    ["localhost", { tag: "ipv4", val: [127, 0, 0, 1] }],
  ] as const) {
    const found = resolve(name).val;
    assert.deepEqual(next(found), { tag: "ok", val: address });
  }
});

test("what is no name is refused at once, what has no address later", async () => {
  for (const name of [
    "",
    ".",
    "a..b",
    "a b",
    "a\0b",
    "a".repeat(64),
    `${"a.".repeat(127)}a`,
    "x".repeat(1_000_000),
    "[::1]",
  ]) {
    assert.deepEqual(lookup().resolve(name), { tag: "err", val: "invalid-argument" }, name.slice(0, 20));
  }
  for (const [result, code] of [
    [-errno.ACCES, "access-denied"],
    [-errno.NOENT, "name-unresolvable"],
    [-errno.AGAIN, "temporary-resolver-failure"],
    [-errno.NOBUFS, "temporary-resolver-failure"],
  ] as const) {
    const { resolve, next } = lookup(async () => result);
    const found = resolve("example.com").val;
    await found.subscribe().block();
    assert.deepEqual(next(found), { tag: "err", val: code });
    assert.deepEqual(next(found), { tag: "err", val: code });
  }
  const { resolve, next } = lookup();
  assert.deepEqual(next(resolve("example.com").val), { tag: "err", val: "access-denied" });
});
