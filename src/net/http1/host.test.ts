import assert from "node:assert/strict";
import { test } from "node:test";
import { hostName } from "./host.ts";

const names: readonly (readonly [host: string, name: string])[] = [
  ["a.example", "a.example"],
  ["A.Example:8080", "a.example"],
  ["a.example.", "a.example"],
  ["a.example.:80", "a.example"],
  ["127.0.0.1:80", "127.0.0.1"],
  ["[::1]", "[::1]"],
  ["[::1]:80", "[::1]"],
  ["[FE80::A:B]", "[fe80::a:b]"],
];
test("hostName() is the name that routes are looked up by", () => {
  for (const [host, name] of names) assert.equal(hostName(host), name);
});
