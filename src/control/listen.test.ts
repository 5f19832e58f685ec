import assert from "node:assert/strict";
import { it } from "node:test";
import { formatListen, parseListen, routeListen, unreachableProblem } from "./listen.ts";

it("parseListen() reads addresses, and formatListen() has one text for each", () => {
  const expected: [string, string][] = [
    ["udp://:53", "udp://0.0.0.0:53"],
    ["tcp://127.0.0.1:5432", "tcp://127.0.0.1:5432"],
    ["tcp://[::1]:80", "tcp://[::1]:80"],
    ["tcp://0.0.0.0:0080", "tcp://0.0.0.0:80"],
    ["udp://[0:0::0]:53", "udp://[::]:53"],
    ["udp://[2001:DB8:0::1]:53", "udp://[2001:db8::1]:53"],
    ["tcp://[::ffff:127.0.0.1]:80", "tcp://127.0.0.1:80"],
  ];
  for (const [text, formatted] of expected) assert.equal(formatListen(parseListen(text)), formatted, text);
});

it("parseListen() refuses what is none", () => {
  for (const text of [
    "",
    "53",
    ":53",
    "udp:53",
    "udp://53",
    "tcp://::1:80",
    "tcp://[127.0.0.1]:80",
    "tcp://localhost:80",
    "http://:80",
    "tcp://:0",
    "tcp://:65536",
    "tcp://:80/",
    " tcp://:80",
    "tcp://[]:80",
    "udp://[fe80::1%eth0]:53",
    "tcp://127.0.0.01:80",
  ]) {
    assert.throws(() => parseListen(text), { code: "listen.invalid" }, text);
  }
});

it("routeListen() gives a UDP route for one address a socket of its own, and TCP routes one together", () => {
  const expected: [{ listen?: string; ip?: string }, string | undefined][] = [
    [{ listen: "udp://:53", ip: "192.0.2.1" }, "udp://192.0.2.1:53"],
    [{ listen: "udp://[::]:53", ip: "2001:db8:0::1" }, "udp://[2001:db8::1]:53"],
    [{ listen: "udp://:53" }, "udp://0.0.0.0:53"],
    [{ listen: "tcp://:53", ip: "192.0.2.1" }, "tcp://0.0.0.0:53"],
    [{ ip: "192.0.2.1" }, undefined],
  ];
  for (const [route, listen] of expected) {
    const found = routeListen(route);
    assert.equal(found && formatListen(found), listen);
  }
});

it("unreachableProblem() finds addresses that a listener does not take", () => {
  const expected: [string, string, RegExp | undefined][] = [
    ["192.0.2.1", "tcp://:80", undefined],
    ["192.0.2.1", "tcp://192.0.2.1:80", undefined],
    ["::ffff:192.0.2.1", "tcp://192.0.2.1:80", undefined],
    ["2001:db8::1", "udp://[::]:80", undefined],
    ["192.0.2.2", "tcp://192.0.2.1:80", /another address/],
    ["192.0.2.1", "tcp://[::]:80", /IPv4/],
    ["2001:db8::1", "tcp://:80", /IPv6/],
  ];
  for (const [ip, listen, problem] of expected) {
    const found = unreachableProblem(ip, parseListen(listen));
    if (problem === undefined) assert.equal(found, undefined);
    else assert.match(found ?? "", problem);
  }
});
