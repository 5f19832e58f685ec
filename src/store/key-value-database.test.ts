import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { KeyValueDatabase } from "./key-value-database.ts";

function path(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-key-value-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "stores.db");
}

test("KeyValueDatabase has what was committed when it is opened again, and nothing else", (t) => {
  const file = path(t);
  const first = new KeyValueDatabase(file);
  first.together(() => {
    const id = first.ensure("default", "a");
    first.set(id, [["k", Buffer.from("kept")]], 1000);
  });
  assert.throws(
    () =>
      first.together(() => {
        const id = first.ensure("default", "a");
        first.set(id, [["k", Buffer.from("lost")]], 1000);
        first.increment(id, "n", 1n, 1000);
        throw new Error("it ends here");
      }),
    /it ends here/,
  );
  // Open still, as after kill -9.
  const second = new KeyValueDatabase(file);
  const id = second.ensure("default", "a");
  assert.deepEqual(
    second.get(id, ["k", "n"]).map((value) => value && Buffer.from(value).toString()),
    ["kept", undefined],
  );
  assert.deepEqual(second.list("default"), [{ name: "a", bytes: 105, keys: 1 }]);
  first.close();
  second.close();
});

test("KeyValueDatabase: of several calls one is undone by itself", (t) => {
  const database = new KeyValueDatabase(path(t));
  t.after(() => database.close());
  database.together(() => {
    const id = database.ensure("default", "a");
    database.apart(() => database.set(id, [["one", Buffer.alloc(10)]], 1000));
    assert.throws(
      () =>
        database.apart(() =>
          database.set(
            id,
            [
              ["two", Buffer.alloc(10)],
              ["three", Buffer.alloc(2000)],
            ],
            1000,
          ),
        ),
      { code: "store.full" },
    );
    database.apart(() => database.set(id, [["four", Buffer.alloc(10)]], 1000));
  });
  const id = database.ensure("default", "a");
  assert.deepEqual(database.listKeys(id, 0n).keys, ["one", "four"]);
  assert.deepEqual(database.list("default"), [{ name: "a", bytes: 227, keys: 2 }]);
});

test("KeyValueDatabase keeps namespaces apart, and removes a store with all that is in it", (t) => {
  const database = new KeyValueDatabase(path(t));
  t.after(() => database.close());
  const one = database.ensure("one", "a");
  const two = database.ensure("two", "a");
  database.set(one, [["k", Buffer.from("1")]], 1000);
  assert.deepEqual(database.get(two, ["k"]), [undefined]);
  assert.equal(database.remove("one", "b"), false);
  assert.equal(database.remove("one", "a"), true);
  assert.deepEqual([database.list("one"), database.list("two").length], [[], 1]);
  assert.deepEqual(database.get(database.ensure("one", "a"), ["k"]), [undefined]);
});

test("KeyValueDatabase: a store that was made smaller may still become less full", (t) => {
  const database = new KeyValueDatabase(path(t));
  t.after(() => database.close());
  const id = database.ensure("one", "a");
  database.set(id, [["k", Buffer.alloc(800)]], 1000);
  database.set(id, [["k", Buffer.alloc(500)]], 300);
  assert.throws(() => database.set(id, [["k", Buffer.alloc(501)]], 300), { code: "store.full" });
});

test("KeyValueDatabase cuts a page by its bytes, too", (t) => {
  const database = new KeyValueDatabase(path(t), { keysBytesMax: 10 });
  t.after(() => database.close());
  const id = database.ensure("one", "a");
  for (const key of ["aaaa", "bbbb", "cccc"]) database.set(id, [[key, Buffer.alloc(1)]], 1000);
  assert.deepEqual(database.listKeys(id, 0n), { keys: ["aaaa", "bbbb"], cursor: 2n });
  assert.deepEqual(database.listKeys(id, 2n), { keys: ["cccc"], cursor: undefined });
});

test("KeyValueDatabase remembers what guests are permitted, of the workers that are still there", (t) => {
  const database = new KeyValueDatabase(path(t));
  t.after(() => database.close());
  for (const worker of ["w1", "w2"])
    for (const guest of ["a@1", "b@1"]) database.permit(worker, guest, `${worker} ${guest}`);
  database.revoke("w1", "a@1");
  assert.deepEqual([database.permitted("w1", "a@1"), database.permitted("w1", "b@1")], [undefined, "w1 b@1"]);
  database.keepPermits(["w2"]);
  assert.deepEqual([database.permitted("w1", "b@1"), database.permitted("w2", "a@1")], [undefined, "w2 a@1"]);
  database.revoke("w2");
  assert.equal(database.permitted("w2", "a@1"), undefined);
});
