import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alternative, RouteRule } from "./router.ts";
import { RouteTable } from "./router.ts";
import { choose } from "./shares.ts";
import type { HttpTarget } from "./target.ts";
import { newActivity } from "./test-rig.ts";

const target: HttpTarget = { kind: "stream", activity: newActivity(), connect: () => assert.fail() };

function alternatives(rules: Readonly<Record<string, Partial<RouteRule>>>): readonly Alternative[] {
  const table = new RouteTable();
  for (const [name, rule] of Object.entries(rules))
    table.set(`n/${name}`, [{ listener: "http", host: "a", target, ...rule }]);
  return table.match("http", "a", "/", false, "")?.alternatives ?? [];
}

interface Asked {
  random?: number;
  cookie?: string;
  chosen?: string;
  scheme?: "http" | "https";
}

function ask(
  of: readonly Alternative[],
  { random = 0, cookie, chosen, scheme = "http" }: Asked,
): [string, string | undefined] {
  const field = (name: string): string | undefined => (name === "cookie" ? cookie : undefined);
  const choice = choose(of, { scheme, field, chosen, random: () => random });
  return [choice.match.service, choice.cookie];
}

function parts(of: readonly Alternative[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let at = 0; at < 1000; at++) {
    // Between the steps, so that the last bit of a sum does not matter.
    const [service] = ask(of, { random: (at + 0.5) / 1000 });
    counts[service] = (counts[service] ?? 0) + 1;
  }
  return counts;
}

test("choose() gives each its share, and what is left to the one without", () => {
  assert.deepEqual(parts(alternatives({ shop: {}, canary: { share: 0.05 } })), { "n/shop": 950, "n/canary": 50 });
  assert.deepEqual(parts(alternatives({ canary: { share: 0.05 }, beta: { share: 0.2 }, shop: {} })), {
    "n/shop": 750,
    "n/beta": 200,
    "n/canary": 50,
  });
  assert.deepEqual(parts(alternatives({ shop: {}, canary: { share: 1 } })), { "n/canary": 1000 });
  assert.deepEqual(parts(alternatives({ shop: {}, canary: { share: 0 } })), { "n/shop": 1000 });
  // Nobody has the rest: they share it out.
  assert.deepEqual(parts(alternatives({ canary: { share: 0.1 }, beta: { share: 0.3 } })), {
    "n/beta": 750,
    "n/canary": 250,
  });
});

test("choose() sends nobody to one that cannot answer while another can", () => {
  assert.deepEqual(parts(alternatives({ shop: {}, canary: { share: 0.5, able: false } })), { "n/shop": 1000 });
  assert.deepEqual(parts(alternatives({ shop: { able: false }, canary: { share: 0.05 } })), { "n/canary": 1000 });
  assert.deepEqual(parts(alternatives({ shop: {}, canary: { share: 1, able: false } })), { "n/shop": 1000 });
  assert.deepEqual(parts(alternatives({ shop: { able: false }, canary: { share: 0.05, able: false } })), {
    "n/shop": 950,
    "n/canary": 50,
  });
});

test("choose() keeps a client where it was, by a cookie that nobody can guess", () => {
  const of = alternatives({ shop: {}, canary: { share: 0.5, sticky: "0123456789abcdefghijkl" } });
  const [shop, canary] = of.map(({ token }) => token);
  assert.equal(canary, "0123456789abcdefghijkl");
  assert.match(shop ?? "", /^[\w-]{22}$/);
  assert.notEqual(shop, canary);
  const attributes = "Path=/; Max-Age=86400; HttpOnly; SameSite=Lax";
  assert.deepEqual(ask(of, { random: 0 }), ["n/shop", `warren-route=${shop}; ${attributes}`]);
  assert.deepEqual(ask(of, { random: 0.9 }), ["n/canary", `warren-route=${canary}; ${attributes}`]);
  assert.match(ask(of, { scheme: "https" })[1] ?? "", /; Secure$/);
  for (const random of [0, 0.9]) {
    assert.deepEqual(ask(of, { random, cookie: `warren-route=${canary}` }), ["n/canary", undefined]);
    assert.deepEqual(ask(of, { random, cookie: `a=b; warren-route=${shop}; warren-route=${canary}` }), [
      "n/shop",
      undefined,
    ]);
    assert.deepEqual(ask(of, { random, cookie: `warren-route=old; warren-route=${canary}` }), ["n/canary", undefined]);
  }
  for (const cookie of ["warren-route=canary", "warren-route", "warren-route=", `x-warren-route=${canary}`, "=", ""])
    assert.equal(ask(of, { cookie })[0], "n/shop", cookie);
});

test("choose() takes a client from one that cannot answer any more, and says so to it", () => {
  const of = alternatives({ shop: {}, canary: { share: 0.5, able: false, sticky: "0123456789abcdefghijkl" } });
  const [service, cookie] = ask(of, { random: 0.9, cookie: "warren-route=0123456789abcdefghijkl" });
  assert.equal(service, "n/shop");
  assert.match(cookie ?? "", /^warren-route=/);
});

test("choose() follows what the worker has chosen that passed the request on", () => {
  const of = alternatives({ shop: {}, canary: { share: 0.5, sticky: "0123456789abcdefghijkl" } });
  assert.equal(ask(of, { random: 0, chosen: "n/canary" })[0], "n/canary");
  assert.match(ask(of, { random: 0, chosen: "n/canary" })[1] ?? "", /^warren-route=0123456789abcdefghijkl;/);
  assert.equal(ask(of, { random: 0, chosen: "n/gone" })[0], "n/shop");
});
