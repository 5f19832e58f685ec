import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusalLog, type Refused } from "./refusal-log.ts";

test("RefusalLog names what was refused and the lines that would grant it", () => {
  const cases: [Refused, string][] = [
    [
      { host: "api.example.com", port: 443 },
      'not granted: api.example.com:443; add to its manifest: [[outbound]] host = "api.example.com", port = 443',
    ],
    [{ host: "a.example" }, 'not granted: a.example; add to its manifest: [[outbound]] host = "a.example"'],
    [
      { host: "2001:db8::1", port: 53, protocol: "udp" },
      'not granted: [2001:db8::1]:53/udp; add to its manifest: [[outbound]] host = "2001:db8::1", port = 53, protocol = "udp"',
    ],
    [
      { host: "db.corp", address: "10.1.2.3" },
      'not granted: db.corp, which has the address 10.1.2.3: not of the internet; add to its manifest: [[outbound]] host = "10.1.2.3"',
    ],
    [
      { unix: '/run/a "b".sock' },
      'not granted: the unix socket "/run/a \\"b\\".sock"; add to its manifest: [[outbound]] unix = "/run/a \\"b\\".sock"',
    ],
    [
      { host: "db.warren.internal", port: 5432, service: "db" },
      'not granted: db.warren.internal:5432; add to its manifest: [[outbound]] service = "db", port = 5432',
    ],
  ];
  for (const [refused, expected] of cases) {
    const lines: string[] = [];
    new RefusalLog((line) => lines.push(line)).add(refused);
    assert.deepEqual(lines, [expected]);
  }
});

test("RefusalLog says each once a minute, and remembers a bounded number", () => {
  let now = 0;
  const lines: string[] = [];
  const log = new RefusalLog(
    (line) => lines.push(line),
    () => now,
  );
  const add = (port: number): number => {
    const before = lines.length;
    log.add({ host: "a.example", port });
    return lines.length - before;
  };
  assert.equal(add(1), 1);
  assert.equal(add(1), 0);
  assert.equal(add(2), 1);
  now = 59_999;
  assert.equal(add(1), 0);
  now = 60_000;
  assert.equal(add(1), 1);
  for (let port = 10; port < 1000; port++) assert.equal(add(port), 1);
  // Forgotten meanwhile.
  assert.equal(add(1), 1);
});
