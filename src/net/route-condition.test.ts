import assert from "node:assert/strict";
import { test } from "node:test";
import { type RouteRule, RouteTable } from "./router.ts";
import type { HttpTarget } from "./target.ts";
import { newActivity } from "./test-rig.ts";

const target: HttpTarget = { kind: "stream", activity: newActivity(), connect: () => assert.fail() };

function table(rules: Readonly<Record<string, Partial<RouteRule>>>, order: readonly string[]): RouteTable {
  const routes = new RouteTable();
  for (const name of order) routes.set(name, [{ listener: "http", host: "a", target, ...rules[name] }]);
  return routes;
}

function find(routes: RouteTable, method: string, path: string, fields: Readonly<Record<string, string>> = {}): string {
  const field = (name: string): string | undefined => fields[name];
  return routes.match("http", "a", path, false, "", { method, field })?.service ?? "none";
}

const rules: Readonly<Record<string, Partial<RouteRule>>> = {
  all: {},
  read: { methods: ["GET"] },
  canary: { headers: { "X-Canary": "yes" } },
  named: { headers: { "x-canary": "*" } },
  both: { methods: ["GET", "POST"], headers: { "x-canary": "yes" } },
  two: { headers: { "x-canary": "yes", "x-beta": "*" } },
  api: { path: "/api", methods: ["POST"] },
};

const cases: readonly (readonly [string, string, Record<string, string>, string])[] = [
  ["PUT", "/", {}, "all"],
  ["GET", "/", {}, "read"],
  ["HEAD", "/", {}, "read"],
  ["OPTIONS", "/", {}, "all"],
  ["get", "/", {}, "all"],
  ["PUT", "/", { "x-canary": "yes" }, "canary"],
  ["PUT", "/", { "x-canary": "no" }, "named"],
  ["PUT", "/", { "x-canary": "" }, "named"],
  ["POST", "/", { "x-canary": "yes" }, "both"],
  ["GET", "/", { "x-canary": "no" }, "named"],
  ["GET", "/", { "x-canary": "yes", "x-beta": "1" }, "two"],
  ["POST", "/api/x", {}, "api"],
  // No condition of the longer prefix holds: the next one is asked.
  ["GET", "/api/x", {}, "read"],
  ["PUT", "/api/x", {}, "all"],
];

test("RouteTable prefers routes with conditions that hold, in an order that does not depend on who came first", () => {
  const names = Object.keys(rules);
  for (let turn = 0; turn < names.length; turn++) {
    const routes = table(rules, [...names.slice(turn), ...names.slice(0, turn)]);
    for (const [method, path, fields, service] of cases)
      assert.equal(find(routes, method, path, fields), service, `${method} ${path} ${JSON.stringify(fields)} ${turn}`);
    for (const name of names) {
      const left = table(rules, names);
      left.delete(name);
      for (const [method, path, fields, service] of cases)
        if (service !== name) assert.equal(find(left, method, path, fields), service, `without ${name}`);
    }
  }
});

test("RouteTable knows which methods there are where this one is not", () => {
  const routes = table({ read: { methods: ["GET"] }, write: { path: "/x", methods: ["POST"] } }, ["read", "write"]);
  const ask = (path: string): string[] =>
    routes.methodsOf("http", "a", path, "", { method: "PUT", field: () => undefined });
  assert.deepEqual(ask("/"), ["GET", "HEAD"]);
  assert.deepEqual(ask("/x/y"), ["GET", "HEAD", "POST"]);
  assert.deepEqual(routes.methodsOf("http", "b", "/", "", { method: "PUT", field: () => undefined }), []);
});

test("RouteTable lets no tenant answer for a host that another has named", () => {
  const routes = new RouteTable();
  const set = (service: string, ...some: Partial<RouteRule>[]): void =>
    routes.set(
      service,
      some.map((rule) => ({ listener: "http", target, ...rule })),
    );
  set("a/shop", { host: "shop.test", path: "/shop" }, { host: "*.wild.test", path: "/in" });
  set("a/any", { path: "/mine" });
  set("b/any", {}, { ip: "192.0.2.1" }, { ip: "192.0.2.1", path: "/shop" });
  const ask = (host: string, path: string, ip = "192.0.2.9"): string | undefined =>
    routes.match("http", host, path, false, ip)?.service;
  for (const ip of ["192.0.2.9", "192.0.2.1"]) {
    assert.equal(ask("shop.test", "/shop", ip), "a/shop");
    assert.equal(ask("shop.test", "/admin", ip), undefined);
    assert.equal(ask("shop.test", "/mine", ip), "a/any");
    assert.equal(ask("x.wild.test", "/in", ip), "a/shop");
    assert.equal(ask("x.wild.test", "/out", ip), undefined);
    assert.equal(ask("other.test", "/", ip), "b/any");
  }
});
