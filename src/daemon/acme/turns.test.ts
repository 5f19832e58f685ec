import assert from "node:assert/strict";
import { test } from "node:test";
import { type Due, Turns } from "./turns.ts";

const hourMs = 3600_000;

function names(namespace: string, count: number, at = 0): Due[] {
  return Array.from({ length: count }, (_, index) => ({ host: `${namespace}-${index}.test`, namespace, at }));
}

/** The namespaces of the orders that are placed at one time, each of them done at once. */
function placed(turns: Turns, due: Due[], now: number, most: number): string[] {
  const left = new Set(due);
  const order: string[] = [];
  for (let one = turns.next(left, now); one !== undefined && order.length < most; one = turns.next(left, now)) {
    left.delete(one);
    turns.begin(one.namespace, now)(true);
    order.push(one.namespace);
  }
  return order;
}

test("Turns lets no tenant with ten thousand hosts keep another's waiting", () => {
  const order = placed(new Turns(), [...names("many", 10_000), ...names("one", 1, 500)], 1000, 2);
  assert.deepEqual(new Set(order), new Set(["many", "one"]));
});

test("Turns takes half of the CA's allowance for one namespace at most, and all of it in three hours", () => {
  const turns = new Turns();
  const due = [...names("many", 10_000)];
  assert.equal(placed(turns, due, 1000, Infinity).length, 125);
  assert.equal(
    placed(turns, [...due, ...names("late", 20)], 2000, Infinity).join(" "),
    Array(20).fill("late").join(" "),
  );
  assert.equal(placed(turns, names("third", 1000), 3000, Infinity).length, 105);
  assert.equal(placed(turns, names("fourth", 10), 4000, Infinity).length, 0);
  assert.equal(turns.roomAt(), 1000 + 3 * hourMs);
  assert.equal(placed(turns, due, 1000 + 3 * hourMs, Infinity).length, 125);
});

test("Turns has three orders of a namespace under way at most, and eight in all", () => {
  const turns = new Turns();
  const ends: ((counts: boolean) => void)[] = [];
  const begin = (namespace: string): boolean => {
    const one = turns.next(names(namespace, 1), 1000);
    if (one !== undefined) ends.push(turns.begin(namespace, 1000));
    return one !== undefined;
  };
  assert.deepEqual(["a", "a", "a", "a"].map(begin), [true, true, true, false]);
  assert.deepEqual(["b", "b", "b", "c", "c", "c"].map(begin), [true, true, true, true, true, false]);
  ends[0]?.(true);
  assert.equal(begin("c"), true);
});

test("Turns does not count an order that the CA never had", () => {
  const turns = new Turns();
  for (let i = 0; i < 1000; i++) turns.begin("a", 1000)(false);
  assert.equal(placed(turns, names("a", 1), 1000, 1).length, 1);
});

test("Turns takes the name that is due for longest", () => {
  const due = [...names("a", 1, 500), { host: "old.test", namespace: "a", at: 100 }];
  assert.equal(new Turns().next(due, 1000)?.host, "old.test");
});
