import assert from "node:assert/strict";
import { test } from "node:test";
import { rateCells } from "../../base/rate-page.ts";
import { ServiceLimits } from "./service-limits.ts";

const minute = { count: 2, perMs: 60_000 };

test("ServiceLimits counts what is in hand, for all and for each client", () => {
  const limits = new ServiceLimits({ connections: 3, client: { connections: 2 } }, 1);
  assert.equal(limits.admit("a", 0), undefined);
  assert.equal(limits.admit("a", 0), undefined);
  assert.deepEqual(limits.admit("a", 0), { by: "client.connections", retryMs: 1000 });
  assert.equal(limits.admit("b", 0), undefined);
  assert.deepEqual(limits.admit("c", 0), { by: "connections", retryMs: 1000 });
  limits.release("a");
  assert.equal(limits.connections, 2);
  assert.equal(limits.admit("c", 0), undefined);
  for (const ip of ["a", "b", "c"]) limits.release(ip);
  assert.equal(limits.connections, 0);
  assert.equal(limits.admit("a", 0), undefined);
  assert.equal(limits.admit("a", 0), undefined);
});

test("ServiceLimits takes nothing from the service for what it refuses to a client", () => {
  const limits = new ServiceLimits({ rate: minute, client: { rate: { count: 1, perMs: 60_000 } } }, 1);
  assert.equal(limits.admit("a", 0), undefined);
  for (let time = 0; time < 5; time++) assert.equal(limits.admit("a", 0)?.by, "client.rate");
  assert.equal(limits.admit("b", 0), undefined);
  assert.deepEqual(limits.admit("c", 0), { by: "rate", retryMs: 30_000 });
  assert.equal(limits.connections, 2);
});

test("ServiceLimits takes all addresses of an IPv6 network for one client", () => {
  const limits = new ServiceLimits({ client: { rate: minute } }, 1);
  assert.equal(limits.admit("2001:db8::1", 0), undefined);
  assert.equal(limits.admit("2001:db8::2", 0), undefined);
  assert.equal(limits.admit("2001:db8::3", 0)?.by, "client.rate");
  assert.equal(limits.admit("2001:db8:0:1::3", 0), undefined);
});

test("ServiceLimits draws for datagrams without holding them", () => {
  const limits = new ServiceLimits({ rate: minute, connections: 1 }, 1);
  assert.deepEqual([limits.draw("a", 0), limits.draw("b", 0)], [undefined, undefined]);
  assert.equal(limits.draw("c", 0)?.by, "rate");
  assert.equal(limits.connections, 0);
});

test("ServiceLimits of two processes count on one page, whatever is written to it", () => {
  const page = new Float64Array(rateCells);
  const terms = { rate: { count: 3, perMs: 60_000 }, client: { rate: minute } };
  const [one, other] = [new ServiceLimits(terms, 1, page), new ServiceLimits(terms, 2, page)];
  assert.deepEqual([one.admit("a", 0), other.admit("a", 0)], [undefined, undefined]);
  assert.equal(one.admit("a", 0)?.by, "client.rate");
  assert.equal(one.admit("b", 0), undefined);
  assert.equal(other.admit("c", 0)?.by, "rate");
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1]) {
    page.fill(value);
    const refusal = other.admit("a", 0);
    assert.ok(refusal === undefined || refusal.retryMs <= 60_000, String(value));
  }
});
