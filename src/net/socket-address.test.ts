import assert from "node:assert/strict";
import { test } from "node:test";
import { plainIp } from "./socket-address.ts";

test("plainIp() gives an IPv4 address as one, and none with a zone", () => {
  for (const [ip, plain] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
  ] as const)
    assert.equal(plainIp(ip), plain);
});
