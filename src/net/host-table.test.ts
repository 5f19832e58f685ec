import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../base/testdata/random.ts";
import { type HostRow, HostTable } from "./host-table.ts";

function names(table: HostTable<HostRow>, host: string): string[] {
  const found: HostRow[] = [];
  const count = table.find(host, found);
  return found.slice(0, count).map(({ name }) => name);
}

test("HostTable.find() gives every wildcard above a name, and then the name", () => {
  const table = new HostTable<HostRow>();
  for (const name of ["a.b.test", ".b.test", ".test", "b.test", ".c.test"]) table.add({ name });
  assert.deepEqual(names(table, "a.b.test"), [".test", ".b.test", "a.b.test"]);
  assert.deepEqual(names(table, "x.y.b.test"), [".test", ".b.test"]);
  assert.deepEqual(names(table, "b.test"), [".test", "b.test"]);
  assert.deepEqual(names(table, "xb.test"), [".test"]);
  for (const host of ["test", "", ".", ".test", ".b.test", "..test", "other"]) assert.deepEqual(names(table, host), []);
});

for (const [name, random] of [
  ["", Math.random],
  // A hash of few bits: most searches go on from one place to the next.
  [" whose hash is poor", () => 0],
] as const) {
  test(`HostTable${name} has what was added and not deleted`, () => {
    const pick = seeded(1);
    const table = new HostTable<HostRow>(random);
    const all = new Map<string, HostRow>();
    const labels = ["a", "b", "ab", "ba", "test", "x-1"];
    const some = (): string => Array.from({ length: 1 + pick(4) }, () => labels[pick(labels.length)]).join(".");
    for (let round = 0; round < 20_000; round++) {
      const name = `${pick(3) === 0 ? "." : ""}${some()}`;
      if (pick(2) === 0) {
        table.delete(name);
        all.delete(name);
      } else if (!all.has(name)) {
        const row = { name };
        table.add(row);
        all.set(name, row);
      }
      assert.equal(table.size, all.size);
      assert.equal(table.get(name), all.get(name));
      const host = some();
      const above = host.split(".").map((_, index, parts) => `.${parts.slice(index + 1).join(".")}`);
      const wanted = [...above.toReversed().filter((each) => all.has(each)), ...(all.has(host) ? [host] : [])];
      assert.deepEqual(names(table, host), wanted, host);
    }
  });
}
