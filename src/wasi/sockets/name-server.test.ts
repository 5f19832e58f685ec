import assert from "node:assert/strict";
import { test } from "node:test";
import { errno, type Result } from "../errno.ts";
import { formatAnswer, parseQuestion } from "./dns-message.ts";
import { answerQuery } from "./name-server.ts";

/** A query as resolvers send it, with an OPT record at the end. */
function query(name: string, type: number): Buffer {
  const labels = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([
    ...[0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1],
    ...labels,
    ...[0, 0, type, 0, 1],
    ...[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0],
  ]);
}

/** Response code, and the bytes of each address. */
async function ask(name: string, type: number, found: readonly string[] | Result): Promise<[number, number[][]]> {
  const answer = await answerQuery(query(name, type), async () => found);
  assert.ok(answer !== undefined);
  const view = Buffer.from(answer);
  assert.equal(view.readUInt16BE(0), 0x1234);
  assert.equal(view.readUInt16BE(2) & 0xfff0, 0x8180);
  const records: number[][] = [];
  const bytes = type === 1 ? 4 : 16;
  for (let i = 0, at = parseQuestion(query(name, type))!.end; i < view.readUInt16BE(6); i++, at += 12 + bytes) {
    assert.deepEqual(
      [view.readUInt16BE(at), view.readUInt16BE(at + 2), view.readUInt16BE(at + 10)],
      [0xc00c, type, bytes],
    );
    records.push([...view.subarray(at + 12, at + 12 + bytes)]);
  }
  return [view.readUInt16BE(2) & 15, records];
}

test("answerQuery() gives the addresses of the family that was asked for", async () => {
  const found = ["8.8.8.8", "2606:4700::1111", "8.8.4.4"];
  assert.deepEqual(await ask("a.example.com", 1, found), [
    0,
    [
      [8, 8, 8, 8],
      [8, 8, 4, 4],
    ],
  ]);
  assert.deepEqual(await ask("a.example.com", 28, found), [
    0,
    [[0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11]],
  ]);
  assert.deepEqual(await ask("a.example.com", 16, found), [0, []]);
});

test("answerQuery() knows localhost by itself, and says what it may not look up", async () => {
  assert.deepEqual(await ask("localhost", 1, -errno.ACCES), [0, [[127, 0, 0, 1]]]);
  assert.deepEqual(await ask("a.example", 1, -errno.ACCES), [5, []]);
  assert.deepEqual(await ask("a.example", 1, -errno.NOENT), [0, []]);
  assert.deepEqual(await ask("a.example", 1, -errno.AGAIN), [2, []]);
});

test("an answer is cut off at 512 bytes, and says so", () => {
  const question = query("a.example", 1);
  const many = Array.from({ length: 100 }, (_, i) => `8.8.8.${i}`);
  const answer = Buffer.from(formatAnswer(question, parseQuestion(question)!, 0, many));
  assert.ok(answer.length <= 512 && answer.length > 490);
  assert.equal(answer.readUInt16BE(2) & 0x0200, 0x0200);
});

test("no bytes make parseQuestion() throw, and only queries are answered", () => {
  const good = query("a.b.example", 1);
  assert.equal(parseQuestion(good)?.name, "a.b.example");
  for (let length = 0; length < good.length - 15; length++)
    assert.equal(parseQuestion(good.subarray(0, length)), undefined);
  let state = 3;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(good);
    for (let i = 0; i < 3; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes[(state >>> 8) % bytes.length] = state >>> 24;
    }
    const question = parseQuestion(bytes);
    if (question !== undefined) formatAnswer(bytes, question, 0, ["8.8.8.8"]);
  }
});
