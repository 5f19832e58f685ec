import assert from "node:assert/strict";
import { test } from "node:test";
import { hostNames, nameServers } from "./name-sources.ts";

test("nameServers() takes the addresses of a resolv.conf, three at most, and this machine without any", () => {
  const cases: [string, string[]][] = [
    ["nameserver 192.0.2.1\n", ["192.0.2.1"]],
    ["# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nsearch example.com\n", ["127.0.0.1"]],
    ["\tnameserver\t2001:db8::1\nnameserver example.com\nnameserver 192.0.2.2 trailing", ["2001:db8::1", "192.0.2.2"]],
    [["1", "2", "3", "4"].map((n) => `nameserver 192.0.2.${n}`).join("\n"), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]],
    ["", ["127.0.0.1"]],
  ];
  for (const [text, expected] of cases) assert.deepEqual(nameServers(text), expected, text);
});

test("hostNames() takes the names of a hosts file with their addresses", () => {
  const text =
    "127.0.0.1 localhost\n::1 localhost ip6\n# 192.0.2.1 a\n192.0.2.2 API.example.com api # comment\nnonsense b\n";
  assert.deepEqual(
    { ...hostNames(`${text}192.0.2.3 __proto__`) },
    {
      localhost: ["127.0.0.1", "::1"],
      ip6: ["::1"],
      "api.example.com": ["192.0.2.2"],
      api: ["192.0.2.2"],
      ["__proto__"]: ["192.0.2.3"],
    },
  );
});
