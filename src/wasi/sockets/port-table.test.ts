import assert from "node:assert/strict";
import { test } from "node:test";
import { PortTable } from "./port-table.ts";

for (const [first, second, free] of [
  ["127.0.0.1", "::1", true],
  ["0.0.0.0", "::1", true],
  ["::1", "0.0.0.0", true],
  ["0.0.0.0", "::", false],
  ["::", "127.0.0.1", false],
  ["::", "::1", false],
  ["0.0.0.0", "only ::", true],
  ["only ::", "127.0.0.1", true],
  ["only ::", "::1", false],
  ["127.0.0.1", "0.0.0.0", false],
] as const) {
  test(`a port of ${first} ${free ? "is free" : "is taken"} for ${second}`, () => {
    const table = new PortTable<string>();
    const of = (name: string) => [{ ip: name.replace("only ", ""), port: 80 }, name.startsWith("only")] as const;
    const giveBack = table.add(first, ...of(first));
    assert.equal(table.isFree(...of(second)), free);
    assert.ok(table.isFree({ ip: "::", port: 81 }, false));
    giveBack();
    assert.ok(table.isFree(...of(second)));
    assert.deepEqual([...table.all], []);
  });
}

test("get() prefers the version that is asked for", () => {
  const table = new PortTable<string>();
  const giveBack = table.add("six", { ip: "::1", port: 80 }, false);
  assert.equal(table.get(80, 4), "six");
  table.add("four", { ip: "127.0.0.1", port: 80 }, false);
  assert.deepEqual([table.get(80, 4), table.get(80, 6), table.get(80)], ["four", "six", "four"]);
  assert.deepEqual([...table.all], ["six", "four"]);
  giveBack();
  assert.equal(table.get(80, 6), "four");
});
