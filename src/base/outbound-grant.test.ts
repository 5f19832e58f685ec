import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "./errors.ts";
import { formatOutboundGrant, hostName, outboundGrant, parseOutboundGrant } from "./outbound-grant.ts";

test("parseOutboundGrant() reads hosts, ports and protocols, and formatOutboundGrant() writes them", () => {
  for (const [text, host, first, last, protocol, again] of [
    ["api.example.com:443", "api.example.com", 443, 443, "tcp", ""],
    ["API.Example.com.:443/tcp", "api.example.com", 443, 443, "tcp", "api.example.com:443"],
    ["*.example.com:8000-8100", "*.example.com", 8000, 8100, "tcp", ""],
    ["*:*", "*", 0, 65535, "tcp", ""],
    ["10.0.0.0/8:5432", "10.0.0.0/8", 5432, 5432, "tcp", ""],
    ["[2001:DB8::/32]:53/udp", "2001:db8::/32", 53, 53, "udp", "[2001:db8::/32]:53/udp"],
    ["[::1]:*", "::1", 0, 65535, "tcp", ""],
    ["bücher.example:1", "xn--bcher-kva.example", 1, 1, "tcp", "xn--bcher-kva.example:1"],
    ["_sip.example.com:5060/udp", "_sip.example.com", 5060, 5060, "udp", ""],
    ["localhost:80", "localhost", 80, 80, "tcp", ""],
  ] as const) {
    const grant = parseOutboundGrant(text);
    assert.deepEqual(grant, { host, firstPort: first, lastPort: last, protocol });
    assert.equal(formatOutboundGrant(grant), again || text);
  }
  assert.equal(outboundGrant({ host: "a.example", port: 443 }).protocol, "tcp");
});

test("parseOutboundGrant() rejects what it does not understand", () => {
  for (const [text, code] of [
    ["", "outbound.host"],
    ["example.com", "outbound.host"],
    ["example.com:443/sctp", "outbound.host"],
    ["::1:80", "outbound.host"],
    ["ex ample.com:80", "outbound.host"],
    ["*example.com:80", "outbound.host"],
    ["a.*.example.com:80", "outbound.host"],
    ["*.*:80", "outbound.host"],
    ["-a.example:80", "outbound.host"],
    ["127.1:80", "outbound.host"],
    ["10.0.0.0/40:80", "outbound.host"],
    ["https://example.com:443", "outbound.host"],
    ["example.com:0", "outbound.port"],
    ["example.com:65536", "outbound.port"],
    ["example.com:http", "outbound.port"],
    ["example.com:90-80", "outbound.port"],
    ["example.com:1-", "outbound.port"],
  ] as const) {
    assert.throws(
      () => parseOutboundGrant(text),
      (error) => error instanceof WarrenError && error.code === code,
      text,
    );
  }
});

test("hostName() rejects what resolvers take for an address", () => {
  for (const text of [
    "127.1",
    "0x7f.1",
    "2130706433",
    "0x7f000001",
    "a.0x1",
    "1.2.3.4",
    "::1",
    "",
    ".",
    "a..b",
    "a b",
    "a\0b",
  ]) {
    assert.equal(hostName(text), undefined, text);
  }
  assert.equal(hostName("A.Example.COM."), "a.example.com");
  assert.equal(hostName(`${"a".repeat(64)}.example`), undefined);
  assert.equal(hostName("1.example"), "1.example");
});
