import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import type { Route } from "../../control/route.ts";
import type { ServiceSpec } from "../../control/service.ts";
import { RouteClaims } from "./route-claims.ts";

/** What one namespace has, what another asks for, and the code that it is refused with; undefined where it gets it. */
type Case = readonly [mine: Route, theirs: Route, code?: "domain.taken" | "route.conflict"];

function spec(name: string, ...route: Route[]): ServiceSpec {
  return { name, route };
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof WarrenError, String(error));
    return error.code;
  }
  return undefined;
}

const foreign: readonly Case[] = [
  [{ host: "a.test" }, { host: "a.test" }, "domain.taken"],
  [{ host: "a.test" }, { host: "a.test", path: "/other" }, "domain.taken"],
  [{ host: "a.test" }, { host: "a.test", ip: "192.0.2.1" }, "domain.taken"],
  [{ host: "a.test" }, { host: "a.test", methods: ["GET"] }, "domain.taken"],
  [{ host: "a.test" }, { host: "b.test" }],
  [{ host: "a.test" }, { host: "x.a.test" }],
  [{ host: "a.test" }, { host: "*.a.test" }],
  [{ host: "*.a.test" }, { host: "a.test" }],
  [{ host: "*.a.test" }, { host: "x.a.test" }, "domain.taken"],
  [{ host: "*.a.test" }, { host: "x.y.a.test" }, "domain.taken"],
  [{ host: "*.a.test" }, { host: "*.a.test" }, "domain.taken"],
  [{ host: "*.a.test" }, { host: "*.x.a.test" }, "domain.taken"],
  [{ host: "*.x.a.test" }, { host: "*.a.test" }, "domain.taken"],
  [{ host: "x.y.a.test" }, { host: "*.a.test" }, "domain.taken"],
  [{ host: "x.a.test" }, { host: "*.test" }, "domain.taken"],
  [{ host: "ba.test" }, { host: "*.a.test" }],
  [{}, {}, "domain.taken"],
  [{}, { path: "/other" }, "domain.taken"],
  [{}, { ip: "192.0.2.1" }, "domain.taken"],
  [{ ip: "192.0.2.1" }, { ip: "192.0.2.1", path: "/x" }, "domain.taken"],
  [{ ip: "2001:db8::1" }, { ip: "2001:DB8:0::1" }, "domain.taken"],
  [{ ip: "192.0.2.1" }, { ip: "192.0.2.2" }],
  [{ ip: "192.0.2.1" }, {}],
  [{}, { host: "a.test" }],
  [{ listen: "tcp://:5432" }, { listen: "tcp://0.0.0.0:5432" }, "route.conflict"],
  [{ listen: "tcp://:5432" }, { listen: "udp://:5432" }],
  // The kernel, or the table of routes, would give the more special address what the other has been given.
  [{ listen: "tcp://:5432" }, { listen: "tcp://192.0.2.1:5432" }, "route.conflict"],
  [{ listen: "tcp://:5432" }, { listen: "tcp://:5432", ip: "192.0.2.1" }, "route.conflict"],
  [{ listen: "tcp://192.0.2.1:5432" }, { listen: "tcp://:5432", ip: "192.0.2.1" }, "route.conflict"],
  [{ listen: "udp://:53" }, { listen: "udp://:53", ip: "192.0.2.1" }, "route.conflict"],
  [{ listen: "udp://:53" }, { listen: "udp://192.0.2.1:53" }, "route.conflict"],
  [{ listen: "udp://192.0.2.1:53" }, { listen: "udp://192.0.2.2:53" }],
  [{ listen: "udp://192.0.2.1:53" }, { listen: "udp://:53" }],
  [{ listen: "tcp://:5432" }, { listen: "tcp://:5433" }],
];

test("RouteClaims keeps what is one namespace's from all others, without saying whose it is", () => {
  for (const [mine, theirs, code] of foreign) {
    const claims = new RouteClaims();
    claims.reserve("first", spec("secret", mine)).keep();
    const told = JSON.stringify([mine, theirs]);
    const other = (): void => claims.reserve("second", spec("shop", theirs)).cancel();
    assert.equal(codeOf(other), code, told);
    try {
      other();
    } catch (error) {
      const { message, hint } = error as WarrenError;
      assert.doesNotMatch(`${message} ${hint}`, /first|secret/, told);
    }
    // The namespace itself may have both, but for what is the very same.
    const same = (): void => claims.reserve("first", spec("other", theirs)).cancel();
    assert.ok([undefined, "route.conflict"].includes(codeOf(same)), told);
  }
});

test("RouteClaims names the service that has a route in the same namespace", () => {
  const claims = new RouteClaims();
  claims.reserve("default", spec("first", { host: "a.test", path: "/api/" })).keep();
  assert.throws(() => claims.reserve("default", spec("second", { host: "a.test", path: "/api" })), {
    code: "route.conflict",
    status: 409,
    message: "http://a.test/api already goes to default/first",
  });
  claims.reserve("default", spec("second", { host: "a.test", path: "/api", methods: ["GET"] })).keep();
  assert.equal(
    codeOf(() => claims.reserve("default", spec("third", { host: "a.test", path: "/api", methods: ["HEAD", "GET"] }))),
    "route.conflict",
  );
});

test("RouteClaims holds what a deploy asked for until it is over", () => {
  const claims = new RouteClaims();
  const wanted = spec("shop", { host: "a.test" });
  const reservation = claims.reserve("one", wanted);
  assert.equal(
    codeOf(() => claims.reserve("two", wanted)),
    "domain.taken",
  );
  assert.equal(
    codeOf(() => claims.reserve("one", spec("other", { host: "a.test" }))),
    "route.conflict",
  );
  reservation.cancel();
  const next = claims.reserve("two", wanted);
  next.keep();
  next.cancel();
  assert.equal(
    codeOf(() => claims.reserve("one", wanted)),
    "domain.taken",
  );
  // A revision that gives a name up frees it when it is there, and not when it fails.
  claims.reserve("two", spec("shop", { host: "b.test" })).cancel();
  assert.equal(
    codeOf(() => claims.reserve("one", wanted)),
    "domain.taken",
  );
  claims.reserve("two", spec("shop", { host: "b.test" })).keep();
  claims.reserve("one", wanted).keep();
  claims.release("one/shop");
  claims.release("two/shop");
  claims.release("two/shop");
  assert.equal(
    codeOf(() => claims.reserve("three", spec("x", { host: "a.test" }, { host: "b.test" }))),
    undefined,
  );
});

test("RouteClaims gives NAME.localhost to the default namespace and NAME.NAMESPACE.localhost to that namespace", () => {
  const claims = new RouteClaims();
  const ask = (namespace: string, host?: string): string | undefined =>
    codeOf(() => claims.reserve(namespace, host === undefined ? { name: "shop" } : spec("shop", { host })).cancel());
  assert.equal(ask("default"), undefined);
  assert.equal(ask("red"), undefined);
  for (const host of [
    "shop.localhost",
    "red.localhost",
    "localhost",
    "*.localhost",
    "shop.blue.localhost",
    "*.blue.localhost",
  ])
    assert.equal(ask("red", host), "domain.taken", host);
  for (const host of ["shop.red.localhost", "a.b.red.localhost", "*.red.localhost"])
    assert.equal(ask("red", host), undefined, host);
  assert.equal(ask("default", "x.red.localhost"), "domain.taken");
});

test("RouteClaims gives an assigned domain to its namespace alone", () => {
  const claims = new RouteClaims();
  claims.loadDomain("example.com", "a");
  claims.loadDomain("shop.example.com", "b");
  const ask = (namespace: string, route: Route): string | undefined =>
    codeOf(() => claims.reserve(namespace, spec("it", route)).cancel());
  assert.equal(ask("b", { host: "example.com" }), "domain.taken");
  assert.equal(ask("b", { host: "www.example.com" }), "domain.taken");
  assert.equal(ask("b", { host: "*.com" }), "domain.taken");
  assert.equal(ask("a", { host: "www.example.com" }), undefined);
  assert.equal(ask("a", { host: "x.shop.example.com" }), "domain.taken");
  assert.equal(ask("a", { host: "*.example.com" }), "domain.taken");
  assert.equal(ask("b", { host: "*.shop.example.com" }), undefined);
  claims.unassign("shop.example.com");
  assert.equal(ask("a", { host: "*.example.com" }), undefined);
  claims.loadDomain("192.0.2.1", "a");
  assert.equal(ask("b", { ip: "192.0.2.1" }), "domain.taken");
  assert.equal(ask("b", { ip: "192.0.2.1", host: "b.test" }), "domain.taken");
  assert.equal(ask("b", { listen: "tcp://192.0.2.1:80" }), "domain.taken");
  assert.equal(ask("a", { ip: "192.0.2.1" }), undefined);
  claims.loadDomain("*", "a");
  assert.equal(ask("b", {}), "domain.taken");
  assert.equal(ask("a", {}), undefined);
});

test("RouteClaims assigns nothing that another namespace uses", () => {
  const claims = new RouteClaims();
  claims.reserve("a", spec("it", { host: "www.example.com" }, { host: "*.wild.test" }, { ip: "192.0.2.1" })).keep();
  claims.reserve("a", spec("named", { host: "named.test", ip: "192.0.2.7" }, { listen: "tcp://192.0.2.8:80" })).keep();
  const ask = (domain: string, namespace = "b"): string | undefined =>
    codeOf(() => claims.checkAssignment(domain, namespace));
  for (const domain of [
    "www.example.com",
    "example.com",
    "com",
    "wild.test",
    "x.wild.test",
    "192.0.2.1",
    "192.0.2.7",
    "192.0.2.8",
  ]) {
    assert.equal(ask(domain), "domain.taken", domain);
    assert.equal(ask(domain, "a"), undefined, domain);
  }
  for (const domain of ["x.www.example.com", "other.test", "192.0.2.2", "*"])
    assert.equal(ask(domain), undefined, domain);
  claims.loadDomain("other.test", "c");
  assert.equal(ask("other.test"), "domain.taken");
  assert.equal(ask("test"), "domain.taken");
});

test("RouteClaims lets services of one namespace share a route, up to 100 %", () => {
  const claims = new RouteClaims();
  const route = (share?: string): Route => ({ host: "a.test", ...(share === undefined ? {} : { share }) });
  claims.reserve("default", spec("canary", route("60%"))).keep();
  claims.reserve("default", spec("shop", route())).keep();
  assert.equal(
    codeOf(() => claims.reserve("default", spec("other", route("41%")))),
    "route.shares",
  );
  claims.reserve("default", spec("other", route("40%"))).keep();
  claims.reserve("default", spec("canary", route("60%"))).keep();
  assert.equal(
    codeOf(() => claims.reserve("default", spec("canary", route("61%")))),
    "route.shares",
  );
  assert.equal(
    codeOf(() => claims.reserve("default", spec("second", route()))),
    "route.conflict",
  );
  assert.equal(
    codeOf(() => claims.reserve("evil", spec("canary", route("0%")))),
    "domain.taken",
  );
  assert.deepEqual(
    claims.sharers("default/shop").toSorted((a, b) => (a < b ? -1 : 1)),
    ["default/canary", "default/other"],
  );
});
