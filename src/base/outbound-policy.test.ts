import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOutboundGrant } from "./outbound-grant.ts";
import { OutboundPolicy } from "./outbound-policy.ts";

function policy(...grants: string[]): OutboundPolicy {
  return new OutboundPolicy(grants.map(parseOutboundGrant));
}

test("nothing is reached without a grant", () => {
  const none = policy();
  assert.equal(none.mayResolve("example.com"), false);
  assert.equal(none.mayReach("tcp", { ip: "8.8.8.8", port: 443 }), false);
  assert.deepEqual(none.resolved("example.com", ["8.8.8.8"]), []);
});

/** Who may be reached by an address or block: grant, protocol, address, port. */
const byAddress: readonly (readonly [string, "tcp" | "udp", string, number, boolean])[] = [
  ["8.8.8.8:443", "tcp", "8.8.8.8", 443, true],
  ["8.8.8.8:443", "tcp", "::ffff:8.8.8.8", 443, true],
  ["8.8.8.8:443", "tcp", "8.8.8.8", 80, false],
  ["8.8.8.8:443", "udp", "8.8.8.8", 443, false],
  ["8.8.8.8:53/udp", "udp", "8.8.8.8", 53, true],
  ["8.8.8.8:*", "tcp", "8.8.8.8", 1, true],
  ["8.8.8.8:*", "tcp", "8.8.8.8", 0, false],
  ["8.8.8.8:*", "tcp", "8.8.8.8", 65536, false],
  ["8.8.8.8:80-90", "tcp", "8.8.8.8", 90, true],
  ["8.8.8.8:80-90", "tcp", "8.8.8.8", 91, false],
  ["10.0.0.0/8:80", "tcp", "10.1.2.3", 80, true],
  ["10.1.2.3:80", "tcp", "10.1.2.3", 80, true],
  ["10.1.2.3:80", "tcp", "64:ff9b::a01:203", 80, false],
  ["127.0.0.1:80", "tcp", "127.0.0.1", 80, true],
  ["127.0.0.1:80", "tcp", "::1", 80, false],
  ["127.0.0.1:80", "tcp", "0.0.0.0", 80, false],
  ["[::1]:80", "tcp", "::1", 80, true],
  ["[fe80::/10]:80", "tcp", "fe80::1", 80, true],
  // A block that is larger than a kind of special addresses is meant for the rest.
  ["0.0.0.0/0:80", "tcp", "8.8.8.8", 80, true],
  ["0.0.0.0/0:80", "tcp", "2606:4700::1111", 80, false],
  ["[::/0]:80", "tcp", "2606:4700::1111", 80, true],
  ["[::/0]:80", "tcp", "8.8.8.8", 80, false],
  ...[
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
  ].map((ip) => ["0.0.0.0/0:80", "tcp", ip, 80, false] as const),
  ...[
    "::1",
    "::",
    "fc00::1",
    "fe80::1",
    "ff02::1",
    "64:ff9b::7f00:1",
    "2002:a00:1::1",
    "::ffff:127.0.0.1",
    "::7f00:1",
  ].map((ip) => ["[::/0]:80", "tcp", ip, 80, false] as const),
];

for (const [grant, protocol, ip, port, expected] of byAddress) {
  test(`${grant} ${expected ? "gives" : "does not give"} ${protocol} ${ip} port ${port}`, () => {
    assert.equal(policy(grant).mayReach(protocol, { ip, port }), expected);
  });
}

test("mayResolve() knows names, names below a wildcard, and everything for *", () => {
  const one = policy("api.example.com:443", "*.example.org:443");
  for (const name of ["api.example.com", "API.example.COM.", "a.example.org", "a.b.example.org"])
    assert.ok(one.mayResolve(name), name);
  for (const name of [
    "example.com",
    "xapi.example.com",
    "example.org",
    "aexample.org",
    "api.example.com.evil.test",
    "127.1",
    "",
    "*",
  ]) {
    assert.ok(!one.mayResolve(name), name);
  }
  assert.ok(policy("*:443").mayResolve("anything.test"));
  assert.ok(!policy("0.0.0.0/0:443").mayResolve("anything.test"));
});

test("a name gives the addresses that it resolved to, on its ports", () => {
  const one = policy("api.example.com:443", "other.example.com:80");
  const at = (port: number) => one.mayReach("tcp", { ip: "8.8.8.8", port });
  assert.equal(at(443), false);
  assert.deepEqual(one.resolved("Api.Example.com.", ["8.8.8.8", "::ffff:8.8.8.8", "not an address"]), ["8.8.8.8"]);
  assert.equal(at(443), true);
  assert.equal(one.mayReach("tcp", { ip: "::ffff:8.8.8.8", port: 443 }), true);
  assert.equal(at(80), false);
  one.resolved("other.example.com", ["8.8.8.8"]);
  assert.equal(at(80), true);
  assert.equal(one.mayReach("udp", { ip: "8.8.8.8", port: 443 }), false);
  assert.deepEqual(one.resolved("denied.example.com", ["8.8.4.4"]), []);
  assert.equal(one.mayReach("tcp", { ip: "8.8.4.4", port: 443 }), false);
});

test("a name does not lead to addresses that are not public, whoever answers for it", () => {
  for (const ip of [
    "127.0.0.1",
    "10.0.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "::1",
    "::",
    "fd00::1",
    "fe80::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "100.64.0.1",
    "224.0.0.1",
  ]) {
    const one = policy("api.example.com:*", "*:*", "0.0.0.0/0:*");
    assert.deepEqual(one.resolved("api.example.com", [ip, "8.8.8.8"]), ["8.8.8.8"], ip);
    assert.equal(one.mayReach("tcp", { ip, port: 80 }), false, ip);
  }
});

test("a name that resolves to a private address leads there where that address is granted too", () => {
  const one = policy("db.example.com:5432", "10.0.0.0/8:5432");
  assert.deepEqual(one.resolved("db.example.com", ["10.0.0.5", "192.168.0.5"]), ["10.0.0.5"]);
  assert.equal(one.mayReach("tcp", { ip: "10.0.0.5", port: 5432 }), true);
  assert.equal(one.mayReach("tcp", { ip: "10.0.0.5", port: 80 }), false);
});

test("localhost gives loopback, where it is granted by that name, and nothing else that is special", () => {
  const one = policy("localhost:80");
  assert.equal(one.mayReach("tcp", { ip: "127.0.0.1", port: 80 }), true);
  assert.deepEqual(one.resolved("localhost", ["127.0.0.1", "::1", "10.0.0.1"]), ["127.0.0.1", "::1"]);
  assert.equal(one.mayReach("tcp", { ip: "127.0.0.1", port: 80 }), true);
  assert.equal(one.mayReach("tcp", { ip: "127.0.0.1", port: 81 }), false);
  const every = policy("*:80");
  assert.deepEqual(every.resolved("localhost", ["127.0.0.1"]), []);
});

test("what was resolved is forgotten when it was not used for an hour", () => {
  let now = 0;
  const one = new OutboundPolicy([parseOutboundGrant("api.example.com:443")], () => now);
  const reach = () => one.mayReach("tcp", { ip: "8.8.8.8", port: 443 });
  one.resolved("api.example.com", ["8.8.8.8"]);
  now += 3_599_999;
  assert.equal(reach(), true);
  now += 3_599_999;
  assert.equal(reach(), true);
  now += 3_600_000;
  assert.equal(reach(), false);
});

test("what is remembered is bounded, and what was not used for longest goes first", () => {
  const one = policy("*:443");
  const ip = (i: number) => `8.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  for (let i = 0; i < 1024; i++) one.resolved("a.example", [ip(i)]);
  assert.equal(one.mayReach("tcp", { ip: ip(0), port: 443 }), true);
  one.resolved("a.example", [ip(1024)]);
  assert.equal(one.mayReach("tcp", { ip: ip(0), port: 443 }), true);
  assert.equal(one.mayReach("tcp", { ip: ip(1), port: 443 }), false);
  for (let i = 0; i < 100; i++) one.resolved(`name-${i}.example`, [ip(5000)]);
  assert.equal(one.mayReach("tcp", { ip: ip(5000), port: 443 }), true);
});
