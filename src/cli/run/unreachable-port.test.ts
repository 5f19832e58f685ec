import assert from "node:assert/strict";
import { test } from "node:test";
import { parseListen } from "./grants.ts";
import { unreachablePort } from "./unreachable-port.ts";

test("unreachablePort() names the option for a port that is not granted", () => {
  const granted = [parseListen("8080"), parseListen("53/udp")];
  for (const [port, protocol, flag] of [
    [8080, "tcp", undefined],
    [53, "udp", undefined],
    [8080, "udp", "--listen 8080/udp"],
    [53, "tcp", "--listen 53"],
    [8081, "tcp", "--listen 8081"],
    // Chosen by the system.
    [49152, "tcp", undefined],
  ] as const) {
    assert.equal(unreachablePort(granted, port, protocol)?.flag, flag, `${port}/${protocol}`);
  }
});
