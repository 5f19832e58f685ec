import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOutbound, outboundRight } from "./outbound.ts";
import type { Outbound } from "./service.ts";

test("outboundRight() tells hosts from services; formatOutbound() writes both", () => {
  const cases: [Outbound, "host" | "service" | "unix", string][] = [
    [{ host: "API.example.com", port: 443 }, "host", "api.example.com:443"],
    [{ host: "*.example.com" }, "host", "*.example.com:*"],
    [{ host: "10.0.0.0/8", port: "8000-8100" }, "host", "10.0.0.0/8:8000-8100"],
    [{ host: "2001:db8::1", port: "53", protocol: "udp" }, "host", "[2001:db8::1]:53/udp"],
    [{ service: "shop-db", port: 5432 }, "service", "shop-db.warren.internal:5432"],
    [{ unix: "/run/db.sock", as: "/db" }, "unix", "unix:/run/db.sock"],
    [{ host: "Shop-DB.warren.internal" }, "service", "shop-db.warren.internal:*"],
  ];
  for (const [outbound, kind, text] of cases) {
    assert.equal(outboundRight(outbound).kind, kind, text);
    assert.equal(formatOutbound(outbound), text);
  }
});
