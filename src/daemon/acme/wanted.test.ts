import assert from "node:assert/strict";
import { test } from "node:test";
import { eligibility, uniqueHosts } from "./wanted.ts";

test("eligibility() tells what CAs of the web certify", () => {
  const cases: Readonly<Record<string, string>> = {
    "shop.example.com": "yes",
    "xn--bcher-kva.example": "yes",
    localhost: "local",
    "shop.localhost": "local",
    "192.0.2.7": "local",
    "[2001:db8::1]": "local",
    "*.example.com": "no",
    "under_score.example.com": "no",
    "-a.example.com": "no",
    "a..example.com": "no",
    [`${"a".repeat(64)}.example.com`]: "no",
    [`${"a.".repeat(127)}com`]: "no",
    "bücher.example": "no",
  };
  for (const [host, expected] of Object.entries(cases)) assert.equal(eligibility(host).kind, expected, host);
});

test("uniqueHosts() has each host once, active when any of its routes is", () => {
  const hosts = uniqueHosts([
    { host: "a.test", namespace: "x", active: false },
    { host: "a.test", namespace: "x", active: true },
    { host: "b.test", namespace: "x", active: true },
    { host: "b.test", namespace: "y", active: true },
  ]);
  assert.deepEqual(
    [...hosts.values()].map(({ host, namespace, active }) => [host, namespace, active]),
    [
      ["a.test", "x", true],
      ["b.test", "x", true],
    ],
  );
});
