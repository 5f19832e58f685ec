import assert from "node:assert/strict";
import { it } from "node:test";
import { formatListen, parseListen } from "./listen.ts";

it("parseListen() reads addresses, and formatListen() has one text for each", () => {
  const expected: [string, string][] = [
    ["udp://:53", "udp://0.0.0.0:53"],
    ["tcp://127.0.0.1:5432", "tcp://127.0.0.1:5432"],
    ["tcp://[::1]:80", "tcp://[::1]:80"],
    ["tcp://0.0.0.0:0080", "tcp://0.0.0.0:80"],
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
  ]) {
    assert.throws(() => parseListen(text), { code: "listen.invalid" }, text);
  }
});
