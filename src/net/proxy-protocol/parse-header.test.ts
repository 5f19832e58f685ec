import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProxiedEnds } from "./header.ts";
import { parseProxyHeader } from "./parse-header.ts";
import { writeProxyHeader } from "./write-header.ts";

function ends(remote: string, remotePort: number, local: string, localPort: number): ProxiedEnds {
  return { remote: { ip: remote, port: remotePort }, local: { ip: local, port: localPort } };
}

const four = ends("192.0.2.1", 56324, "198.51.100.1", 443);
const six = ends("2001:db8::1", 4124, "2001:db8::2", 443);
const signature = "0d0a0d0a000d0a515549540a";
const address4 = "c0000201c6336401dc0401bb";
const address6 = "20010db800000000000000000000000120010db8000000000000000000000002101c01bb";

function version2(text: string): Buffer {
  return Buffer.from(signature + text.replaceAll(" ", ""), "hex");
}

const taken: [string, Buffer, ProxiedEnds | undefined][] = [
  ["v1, IPv4", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), four],
  ["v1, IPv6", Buffer.from("PROXY TCP6 2001:db8::1 2001:db8::2 4124 443\r\n"), six],
  ["v1, port 0", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 0 443\r\n"), ends("192.0.2.1", 0, "198.51.100.1", 443)],
  ["v1, v4-mapped", Buffer.from("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 56324 443\r\n"), four],
  ["v1, unknown", Buffer.from("PROXY UNKNOWN\r\n"), undefined],
  ["v1, unknown with more", Buffer.from("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), undefined],
  ["v2, IPv4", version2(`21 11 000c ${address4}`), four],
  ["v2, IPv6", version2(`21 21 0024 ${address6}`), six],
  ["v2, with vectors", version2(`21 11 0015 ${address4} 04 0006 000000000000`), four],
  ["v2, local", version2("20 00 0000"), undefined],
  ["v2, local with addresses", version2(`20 11 000c ${address4}`), undefined],
  ["v2, local of another family", version2("20 31 0004 00000000"), undefined],
  ["v2, unspecified", version2("21 00 0003 000000"), undefined],
];

for (const [name, bytes, expected] of taken) {
  test(`parseProxyHeader() takes ${name}, with whatever follows, and waits for its last byte`, () => {
    assert.deepEqual(parseProxyHeader(bytes), { length: bytes.length, ends: expected });
    const followed = Buffer.concat([bytes, Buffer.from("PROXY GET / \r\n\r\n")]);
    assert.deepEqual(parseProxyHeader(followed), { length: bytes.length, ends: expected });
    for (let cut = 0; cut < bytes.length; cut++)
      assert.equal(parseProxyHeader(bytes.subarray(0, cut)), undefined, `${cut}`);
  });
}

const refused: [string, Buffer][] = [
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n")],
  ["one wrong byte", Buffer.from("X")],
  ["lower case", Buffer.from("proxy TCP4 192.0.2.1 198.51.100.1 56324 443\r\n")],
  ["v1 after something", Buffer.from(" PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n")],
  ["v1 without an end", Buffer.from(`PROXY UNKNOWN ${"x".repeat(93)}`)],
  ["v1 of more than 107 bytes", Buffer.from(`PROXY UNKNOWN ${"x".repeat(92)}\r\n`)],
  ["v1 of another protocol", Buffer.from("PROXY UDP4 192.0.2.1 198.51.100.1 56324 443\r\n")],
  ["v1 with IPv6 as TCP4", Buffer.from("PROXY TCP4 2001:db8::1 2001:db8::2 4124 443\r\n")],
  ["v1 with IPv4 as TCP6", Buffer.from("PROXY TCP6 192.0.2.1 198.51.100.1 56324 443\r\n")],
  ["v1 with two spaces", Buffer.from("PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n")],
  ["v1 with a tab", Buffer.from("PROXY TCP4\t192.0.2.1 198.51.100.1 56324 443\r\n")],
  ["v1 with a field too many", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 1\r\n")],
  ["v1 with a field too few", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n")],
  ["v1 with a zero before a port", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 056324 443\r\n")],
  ["v1 with a sign", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 +5632 443\r\n")],
  ["v1 with a port too large", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n")],
  ["v1 with a zero before a number", Buffer.from("PROXY TCP4 192.0.02.1 198.51.100.1 56324 443\r\n")],
  ["v1 with a zone", Buffer.from("PROXY TCP6 fe80::1%eth0 2001:db8::2 4124 443\r\n")],
  ["v1 with a bare line feed", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\nPROXY\r\n")],
  ["v1 with NUL", Buffer.from("PROXY TCP4 192.0.2.1 198.51.100.1\0 56324 443\r\n")],
  ["v2 of version 1", version2(`11 11 000c ${address4}`)],
  ["v2 of an unknown command", version2(`22 11 000c ${address4}`)],
  ["v2 of unix sockets", version2(`21 31 00d8 ${"00".repeat(216)}`)],
  ["v2 of datagrams", version2(`21 12 000c ${address4}`)],
  ["v2 of an unknown family", version2(`21 41 000c ${address4}`)],
  ["v2 of an unspecified transport", version2(`21 10 000c ${address4}`)],
  ["v2 cut short", version2("21 11 000b c0000201c6336401dc0401")],
  ["v2, IPv6 with room for IPv4", version2(`21 21 000c ${address4}`)],
  ["v2 of more than 8 KiB", version2("21 11 2001")],
];

for (const [name, bytes] of refused) {
  test(`parseProxyHeader() refuses ${name}`, () => {
    assert.throws(() => parseProxyHeader(bytes), { code: "proxy.malformed" });
  });
}

for (const version of ["v1", "v2"] as const) {
  test(`writeProxyHeader() writes what parseProxyHeader() reads: ${version}`, () => {
    for (const one of [four, six, ends("192.0.2.1", 1, "2001:db8::1", 65_535)])
      assert.deepEqual(parseProxyHeader(writeProxyHeader(version, one))?.ends, one);
    assert.equal(parseProxyHeader(writeProxyHeader(version, ends("", 0, "", 0)))?.ends, undefined);
  });
}
