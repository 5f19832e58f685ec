import assert from "node:assert/strict";
import { test } from "node:test";
import { clientKey } from "./client-key.ts";

const cases: readonly (readonly [ip: string, key: string])[] = [
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8:1::9", "2001:db8:1:0::/64"],
  ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
  ["2001:db8::9", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
];
test("clientKey() is an IPv4 address, or the network of an IPv6 address", () => {
  for (const [ip, key] of cases) assert.equal(clientKey(ip), key, ip);
});
