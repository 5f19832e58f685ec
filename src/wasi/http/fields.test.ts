import assert from "node:assert/strict";
import { test } from "node:test";
import { type FieldAccount, type FieldProblem, Fields } from "./fields.ts";

class Account implements FieldAccount {
  bytes = 0;
  readonly max: number;

  constructor(max = 1_000_000) {
    this.max = max;
  }
  add(bytes: number): boolean {
    if (this.bytes + bytes > this.max) return false;
    this.bytes += bytes;
    return true;
  }
  remove(bytes: number): void {
    this.bytes -= bytes;
  }
}

const bytes = (text: string) => Buffer.from(text, "latin1");
const texts = (values: readonly Uint8Array[]) => values.map((value) => Buffer.from(value).toString("latin1"));

function make(list: readonly (readonly [string, string])[], account = new Account()): Fields {
  const fields = Fields.from(
    account,
    list.map(([name, value]) => [name, bytes(value)]),
  );
  assert.ok(fields instanceof Fields, String(fields));
  return fields;
}

test("Fields keeps names as they were given, in order, and finds them without regard to case", () => {
  const fields = make([
    ["X-One", "1"],
    ["x-two", ""],
    ["x-ONE", "\t\xe4 2"],
  ]);
  assert.deepEqual(texts(fields.get("x-one")), ["1", "\t\xe4 2"]);
  assert.deepEqual([fields.has("X-TWO"), fields.has("x"), fields.has("bad name")], [true, false, false]);
  assert.deepEqual(texts(fields.get("x-two")), [""]);
  assert.equal(fields.append("X-Three", bytes("3")), undefined);
  assert.equal(fields.set("X-oNE", [bytes("a"), bytes("b")]), undefined);
  assert.deepEqual(
    fields.entries().map(([name, value]) => [name, Buffer.from(value).toString()]),
    [
      ["X-oNE", "a"],
      ["X-oNE", "b"],
      ["x-two", ""],
      ["X-Three", "3"],
    ],
  );
  assert.equal(fields.delete("x-one"), undefined);
  assert.equal(fields.delete("x-none"), undefined);
  assert.deepEqual(
    fields.list.map(([name]) => name),
    ["x-two", "X-Three"],
  );
});

const refused: [name: string, value: string, problem: FieldProblem][] = [
  ["", "a", "invalid-syntax"],
  ["a b", "a", "invalid-syntax"],
  ["a:", "a", "invalid-syntax"],
  ["\xe4", "a", "invalid-syntax"],
  ["a", "b\r\nc: d", "invalid-syntax"],
  ["a", "b\n", "invalid-syntax"],
  ["a", "\0", "invalid-syntax"],
  ["a", "\x7f", "invalid-syntax"],
  ["Content-Length", "", "invalid-syntax"],
  ["content-length", "+5", "invalid-syntax"],
  ["content-length", "5, 5", "invalid-syntax"],
  ["content-length", "99999999999999999999", "invalid-syntax"],
  ["Host", "a", "forbidden"],
  ["CONNECTION", "close", "forbidden"],
  ["Transfer-Encoding", "chunked", "forbidden"],
  ["keep-alive", "1", "forbidden"],
  ["upgrade", "h2c", "forbidden"],
  ["http2-settings", "", "forbidden"],
  ["proxy-connection", "x", "forbidden"],
  ["proxy-authorization", "x", "forbidden"],
];
test("Fields refuses what is not valid or not a guest's to say", () => {
  for (const [name, value, problem] of refused) {
    const account = new Account();
    assert.equal(
      Fields.from(account, [
        ["x", bytes("1")],
        [name, bytes(value)],
      ]),
      problem,
      name,
    );
    const fields = make([["x", "1"]], account);
    assert.equal(fields.append(name, bytes(value)), problem, name);
    assert.equal(fields.set(name, [bytes("1"), bytes(value)]), problem, name);
    assert.deepEqual(fields.list, [["x", "1"]]);
    fields.release();
    assert.equal(account.bytes, 0);
  }
});

test("Fields of a message that came shows what is not the message's way, and does not change", () => {
  const list = [
    ["host", "a"],
    ["x", "1"],
    ["connection", "x"],
  ] as const;
  const fields = Fields.received(new Account(0), list);
  assert.deepEqual(fields.list, [["x", "1"]]);
  for (const frozen of [fields, fields.view()]) {
    assert.equal(frozen.set("x", []), "immutable");
    assert.equal(frozen.append("y", bytes("")), "immutable");
    assert.equal(frozen.delete("x"), "immutable");
    // What is wrong in itself is told first.
    assert.equal(frozen.append("host", bytes("")), "forbidden");
  }
  assert.equal(list.length, 3);
});

test("Fields that were frozen change no more, and their copies do", () => {
  const fields = make([["x", "1"]]);
  fields.freeze();
  assert.equal(fields.append("y", bytes("2")), "immutable");
  const copy = fields.clone();
  assert.equal(copy?.append("y", bytes("2")), undefined);
  assert.deepEqual([fields.list.length, copy?.list.length], [1, 2]);
});

test("Fields are bounded, each and all of a guest's together", () => {
  const account = new Account(300_000);
  const fill = (): [Fields, FieldProblem | undefined] => {
    const fields = Fields.empty(account);
    for (;;) {
      const problem = fields.append("x", bytes("x".repeat(1000)));
      if (problem !== undefined) return [fields, problem];
    }
  };
  const [first, problem] = fill();
  assert.equal(problem, "too-large");
  assert.ok(account.bytes <= 128 * 1024);
  assert.equal(first.set("x", Array(200).fill(bytes("x".repeat(1000)))), "too-large");
  const [second] = fill();
  const [third] = fill();
  assert.ok(account.bytes <= 300_000);
  assert.equal(third.clone(), undefined);
  assert.equal(first.set("x", [bytes("1")]), undefined);
  for (const one of [first, second, third]) one.release();
  assert.equal(account.bytes, 0);
});
