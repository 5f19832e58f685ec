import assert from "node:assert/strict";
import { test } from "node:test";
import { Place, UseOrder } from "./use-order.ts";

function contents(order: UseOrder<string>, places: readonly Place<string>[]): string {
  const found: string[] = [];
  while (order.first !== undefined) {
    found.push(order.first);
    order.remove(places.find(({ value }) => value === order.first)!);
  }
  assert.equal(order.size, 0);
  return found.join("");
}

test("UseOrder keeps what was used longest ago first, wherever something is taken out", () => {
  for (const [removed, renewed, expected] of [
    ["", "", "abcd"],
    ["a", "", "bcd"],
    ["b", "c", "adc"],
    ["d", "a", "bca"],
    ["bc", "d", "ad"],
    ["abc", "d", "d"],
    ["abcd", "", ""],
    ["", "abcd", "abcd"],
    ["", "dcba", "dcba"],
  ] as const) {
    const order = new UseOrder<string>();
    const places = [..."abcd"].map((value) => new Place(value));
    for (const place of places) order.add(place);
    const at = (value: string): Place<string> => places.find((place) => place.value === value)!;
    for (const value of removed) order.remove(at(value));
    for (const value of renewed) order.renew(at(value));
    assert.equal(contents(order, places), expected, `${removed} removed, ${renewed} renewed`);
  }
});
