import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceSpec } from "../../control/service.ts";
import { withKind } from "./with-kind.ts";

const spec: ServiceSpec = { name: "it", program: `sha256:${"0".repeat(64)}` };
const refused = (given: ServiceSpec, prepared: Parameters<typeof withKind>[1], code: string) =>
  assert.throws(() => withKind(given, prepared), { code });

test("withKind() makes a handler of a service whose program is one", () => {
  assert.equal(withKind(spec, "handler").kind, "handler");
  assert.equal(withKind({ ...spec, kind: "handler", reuse: true }, "handler").reuse, true);
});

test("withKind() leaves other programs what their specs say", () => {
  for (const given of [spec, { ...spec, kind: "cgi" } as const]) {
    assert.equal(withKind(given, "module"), given);
    assert.equal(withKind(given, "command"), given);
  }
});

test("withKind() refuses what the program is not", () => {
  refused({ ...spec, kind: "handler" }, "module", "program.not-a-handler");
  refused({ ...spec, reuse: false }, "command", "program.not-a-handler");
  refused({ ...spec, kind: "cgi" }, "handler", "program.handler");
});

test("withKind() refuses routes that a handler cannot serve", () => {
  refused({ ...spec, route: [{ listen: "tcp://:5432" }] }, "handler", "service.bad-listen");
  refused({ ...spec, route: [{ host: "a.test", websocket: "check" }] }, "handler", "service.bad-value");
  refused({ ...spec, route: [{ host: "a.test", protocol: "h2c" }] }, "handler", "service.bad-value");
  refused({ ...spec, route: [{ host: "a.test", tls: "passthrough" }] }, "handler", "service.bad-value");
});
