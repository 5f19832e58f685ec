import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { test } from "node:test";
import { formatIp, inNetwork, isWithin, parseIp, parseNetwork } from "./ip.ts";
import { specialBlock } from "./ip-special.ts";

test("parseIp() and formatIp() give the canonical form", () => {
  for (const [text, canonical] of [
    ["192.0.2.1", "192.0.2.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["::", "::"],
    ["::1", "::1"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["fe80::", "fe80::"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::FFFF:7f00:1", "127.0.0.1"],
    ["0:0:0:0:0:ffff:10.0.0.1", "10.0.0.1"],
    ["64:ff9b::8.8.8.8", "64:ff9b::808:808"],
  ] as const) {
    const bytes = parseIp(text);
    assert.ok(bytes !== undefined, text);
    assert.equal(formatIp(bytes), canonical);
  }
});

test("parseIp() rejects what is not an address, or one only to some", () => {
  for (const text of [
    ..."|a|1|1.2.3|1.2.3.4.5|1.2.3.256|01.2.3.4|1.2.3.4 |0x7f.0.0.1|127.1|:|:::|1::2::3|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9".split(
      "|",
    ),
    ..."1:2:3:4:5:6:7:8::|12345::|::g|fe80::1%eth0|[::1]|::1.2.3|::1.2.3.4:5|1.2.3.4::|::1.2.3.004".split("|"),
  ]) {
    assert.equal(parseIp(text), undefined, text);
  }
});

test("parseIp() agrees with node:net on random texts", () => {
  const pieces = ["0", "1", "ff", "ffff", "10", "255", "256", "::", ":", ":", ".", ".", "abcd", "127.0.0.1", ""];
  let state = 7;
  for (let round = 0; round < 20_000; round++) {
    let text = "";
    for (let i = 0; i < 9; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      text += pieces[(state >>> 8) % pieces.length];
    }
    assert.equal(parseIp(text) !== undefined, isIPv4(text) || isIPv6(text), text);
  }
});

test("blocks hold what their prefix says", () => {
  const has = (network: string, ip: string) => inNetwork(parseIp(ip)!, parseNetwork(network)!);
  for (const [network, inside, outside] of [
    ["10.0.0.0/8", "10.255.0.1", "11.0.0.0"],
    ["172.16.0.0/12", "172.31.255.255", "172.32.0.0"],
    ["192.0.2.7", "192.0.2.7", "192.0.2.6"],
    ["0.0.0.0/0", "255.1.2.3", "::1"],
    ["fe80::/10", "febf::1", "fec0::"],
    ["::/0", "1.2.3.4", "1.2.3.4x"],
  ] as const) {
    assert.ok(has(network, inside), `${inside} in ${network}`);
    if (parseIp(outside)) assert.ok(!has(network, outside), `${outside} in ${network}`);
  }
  for (const text of ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10/8", "::/129", "::/08", "1.2.3.4/8/8"]) {
    assert.equal(parseNetwork(text), undefined, text);
  }
  assert.ok(isWithin(parseNetwork("10.1.0.0/16")!, parseNetwork("10.0.0.0/8")!));
  assert.ok(!isWithin(parseNetwork("10.0.0.0/7")!, parseNetwork("10.0.0.0/8")!));
});

test("specialBlock() knows what is not of the public internet", () => {
  for (const [ip, use] of [
    ["0.0.0.0", "this-host"],
    ["0.1.2.3", "this-host"],
    ["10.1.2.3", "private"],
    ["100.64.0.1", "private"],
    ["100.127.255.255", "private"],
    ["100.128.0.0", undefined],
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["169.254.169.254", "link-local"],
    ["172.16.0.1", "private"],
    ["172.32.0.1", undefined],
    ["192.168.1.1", "private"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "reserved"],
    ["8.8.8.8", undefined],
    ["::", "this-host"],
    ["::1", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:169.254.169.254", "link-local"],
    ["::ffff:8.8.8.8", undefined],
    ["::7f00:1", "reserved"],
    ["::ffff:0:7f00:1", "reserved"],
    ["64:ff9b::7f00:1", "embedded"],
    ["64:ff9b::a9fe:a9fe", "embedded"],
    ["64:ff9b::808:808", undefined],
    ["64:ff9b:1::a00:1", "private"],
    ["2002:7f00:1::1", "embedded"],
    ["2002:c0a8:101::1", "embedded"],
    ["2002:808:808::1", undefined],
    ["2001:0:808:808::1", "reserved"],
    ["fc00::1", "private"],
    ["fdff::1", "private"],
    ["fe80::1", "link-local"],
    ["fec0::1", "private"],
    ["ff02::1", "multicast"],
    ["2606:4700::1111", undefined],
  ] as const) {
    assert.equal(specialBlock(parseIp(ip)!)?.use, use, ip);
  }
});
