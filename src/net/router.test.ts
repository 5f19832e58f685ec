import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { RouteTable } from "./router.ts";
import type { HttpTarget } from "./target.ts";
import { elsewhere } from "./test-rig.ts";

const target: HttpTarget = elsewhere(() => Promise.resolve());
const listener = "http://0.0.0.0:80";

function table(routes: Readonly<Record<string, { host?: string; path?: string; ip?: string }>>): RouteTable {
  const result = new RouteTable();
  for (const [service, route] of Object.entries(routes)) result.set(service, [{ listener, ...route, target }]);
  return result;
}

function find(routes: RouteTable, host: string, path = "/", ip = "192.0.2.1"): string | undefined {
  return routes.match(listener, host, path, true, ip)?.service;
}

const routes = table({
  exact: { host: "a.example" },
  api: { host: "a.example", path: "/api" },
  v2: { host: "a.example", path: "/api/v2/" },
  wild: { host: "*.example" },
  deep: { host: "*.b.example" },
  any: { path: "/any" },
  dialled: { ip: "203.0.113.7", path: "/ip" },
  "dialled-host": { ip: "203.0.113.7", host: "a.example", path: "/x" },
});

const cases: readonly (readonly [host: string, path: string, ip: string, service: string | undefined])[] = [
  ["a.example", "/", "192.0.2.1", "exact"],
  ["A.EXAMPLE.:8080", "/", "192.0.2.1", "exact"],
  ["a.example", "/api", "192.0.2.1", "api"],
  ["a.example", "/api/", "192.0.2.1", "api"],
  ["a.example", "/api/x/y", "192.0.2.1", "api"],
  ["a.example", "/apix", "192.0.2.1", "exact"],
  ["a.example", "/API", "192.0.2.1", "exact"],
  ["a.example", "/api/v2", "192.0.2.1", "v2"],
  ["a.example", "/api/v2/x", "192.0.2.1", "v2"],
  ["a.example", "/api/v22", "192.0.2.1", "api"],
  ["a.example", "//api", "192.0.2.1", "exact"],
  ["c.example", "/", "192.0.2.1", "wild"],
  ["x.y.example", "/", "192.0.2.1", "wild"],
  ["b.example", "/", "192.0.2.1", "wild"],
  ["x.b.example", "/", "192.0.2.1", "deep"],
  ["x.y.b.example", "/", "192.0.2.1", "deep"],
  ["example", "/", "192.0.2.1", undefined],
  ["other.test", "/any/x", "192.0.2.1", "any"],
  ["other.test", "/anyx", "192.0.2.1", undefined],
  ["other.test", "/ip", "203.0.113.7", "dialled"],
  ["other.test", "/ip", "192.0.2.1", undefined],
  ["a.example", "/ip", "203.0.113.7", "dialled"],
  ["a.example", "/x", "203.0.113.7", "dialled-host"],
  ["a.example", "/y", "203.0.113.7", "exact"],
  // The path goes on as it is, so what it means must not depend on who removes its dot segments.
  ["a.example", "/api/./x", "192.0.2.1", "api"],
  ["a.example", "/api/v3/../x", "192.0.2.1", "api"],
  ["a.example", "/x/%2e%2e/y", "192.0.2.1", "exact"],
  ["a.example", "/.hidden/a%2Fb", "192.0.2.1", "exact"],
];
for (const [host, path, ip, service] of cases) {
  test(`RouteTable sends ${host}${path} at ${ip} to ${service}`, () =>
    assert.equal(find(routes, host, path, ip), service));
}

const tricks = [
  "/api/../x",
  "/api/%2e%2e/x",
  "/api/.%2E/x",
  "/x/../api",
  "/x/%2e%2E/api/y",
  "/./api",
  "/%2e/api",
  "/x%2f..%2fapi",
  "/x%2F%2e%2e%2Fapi",
  "/x%5c..%5capi",
  "/api%2fv2",
  "/api/v2/..",
  "/api/v2/%2e%2e",
  "/..",
  "/%2e%2e/api",
  "/api/../../x",
];
for (const path of tricks) {
  test(`RouteTable refuses ${path}`, () => {
    assert.throws(
      () => find(routes, "a.example", path),
      (error) => error instanceof WarrenError && error.status === 400,
    );
  });
}

test("RouteTable.match() knows only its own listeners", () => {
  assert.equal(routes.match("http://0.0.0.0:81", "a.example", "/", false, "192.0.2.1"), undefined);
});

test("RouteTable.match() gives the prefix that matched", () => {
  assert.equal(routes.match(listener, "a.example", "/api/v2/x", false, "")?.path, "/api/v2");
  assert.equal(routes.match(listener, "a.example", "/x", false, "")?.path, "");
});

test("RouteTable.set() replaces a service's routes", () => {
  const mine = table({ a: { host: "a.test" } });
  mine.set("a", [{ listener, host: "b.test", target }]);
  assert.equal(find(mine, "a.test"), undefined);
  assert.equal(find(mine, "b.test"), "a");
  mine.delete("a");
  assert.equal(find(mine, "b.test"), undefined);
});

const conflicts: readonly (readonly [name: string, route: { host?: string; path?: string; ip?: string }])[] = [
  ["the same host", { host: "a.test" }],
  ["the same host, spelled otherwise", { host: "A.Test.", path: "/" }],
  ["the same wildcard", { host: "*.w.test" }],
  ["the same path", { path: "/p/" }],
  ["the same address", { ip: "203.0.113.7" }],
];
for (const [name, route] of conflicts) {
  test(`RouteTable.set() refuses ${name} for two services, and changes nothing`, () => {
    const mine = table({
      a: { host: "a.test" },
      w: { host: "*.w.test" },
      p: { path: "/p" },
      i: { ip: "203.0.113.7" },
      b: { host: "b.test" },
    });
    const rules = [
      { listener, host: "new.test", target },
      { listener, ...route, target },
    ];
    assert.throws(
      () => mine.set("b", rules),
      (error) => error instanceof WarrenError && error.code === "route.conflict" && error.status === 409,
    );
    assert.equal(find(mine, "b.test"), "b");
    assert.equal(find(mine, "new.test"), undefined);
  });
}

test("RouteTable.set() takes the same host and path on another listener or address", () => {
  const mine = table({ a: { host: "a.test" } });
  mine.set("b", [{ listener: "http://0.0.0.0:81", host: "a.test", target }]);
  mine.set("c", [{ listener, host: "a.test", ip: "203.0.113.7", target }]);
  assert.equal(find(mine, "a.test"), "a");
  assert.equal(find(mine, "a.test", "/", "203.0.113.7"), "c");
});
