import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientRates } from "./client-rates.ts";

const rate = { count: 3, perMs: 3000 };

test("ClientRates gives each client its own", () => {
  const rates = new ClientRates(rate, { seed: 1 });
  for (const client of ["a", "b"])
    assert.deepEqual(
      [1, 2, 3, 4].map(() => rates.draw(client, 1000)),
      [0, 0, 0, 1000],
      client,
    );
  assert.equal(rates.draw("a", 2000), 0);
});

test("ClientRates has room for as many as its bound, and no more memory for a million", () => {
  const rates = new ClientRates(rate, { seed: 7, setsMax: 1024 });
  for (let client = 0; client < 1_000_000; client++)
    rates.draw(`10.${client >> 16}.${(client >> 8) & 255}.${client & 255}`, 0);
  assert.equal(rates.capacity, 4096);
});

test("ClientRates grows for clients that are there together only", () => {
  const rates = new ClientRates(rate, { seed: 7 });
  // Each comes when the buckets of those before are full again.
  for (let client = 0; client < 100_000; client++) rates.draw(`c${client}`, client * 1001);
  assert.equal(rates.capacity, 256);
});

test("ClientRates keeps what it knows when it grows", () => {
  const rates = new ClientRates(rate, { seed: 3 });
  const clients = Array.from({ length: 2000 }, (_, index) => `192.0.${index >> 8}.${index & 255}`);
  for (const client of clients) for (let time = 0; time < 3; time++) assert.equal(rates.draw(client, 5), 0);
  for (const client of clients) assert.equal(rates.draw(client, 5), 1000);
});

test("ClientRates does not forget who drew most for a flood of others", () => {
  const rates = new ClientRates(rate, { seed: 11, setsMax: 64 });
  while (rates.draw("greedy", 0) === 0);
  for (let client = 0; client < 100_000; client++) {
    rates.draw(`c${client}`, 0);
    if (client % 100 === 0) assert.ok(rates.draw("greedy", 0) > 0, `forgotten after ${client}`);
  }
});

test("ClientRates of two processes draw on one table", () => {
  const cells = new Float64Array(2 * 4 * 8);
  const [one, other] = [new ClientRates(rate, { seed: 5, cells }), new ClientRates(rate, { seed: 5, cells })];
  assert.deepEqual([one.draw("a", 0), other.draw("a", 0), one.draw("a", 0), other.draw("a", 0)], [0, 0, 0, 1000]);
  for (let client = 0; client < 10_000; client++) one.draw(`c${client}`, 0);
  assert.equal(one.capacity, 32);
});
