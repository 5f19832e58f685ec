import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { seeded } from "../../base/testdata/random.ts";
import { someClient } from "../test-rig.ts";
import { BodyFraming } from "./body-framing.ts";
import { forwardingPrefix, forwardRequest } from "./forward-head.ts";
import { httpLimits } from "./limits.ts";
import { accepted, refused, refusedBodies } from "./request-corpus.ts";
import { RequestHead } from "./request-head.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 3000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const corpus = [...accepted, ...refused, ...refusedBodies].map(([, text]) => Buffer.from(text, "latin1"));
const spice = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "\r\n\r\n",
  "Host: b\r\n",
  "Content-Length: 3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "HTTP/1.1",
  "\xff",
  "0\r\n\r\n",
];

function mutate(pick: (below: number) => number): Buffer {
  let bytes = Buffer.from(corpus[pick(corpus.length)]!);
  for (let count = pick(4); count > 0; count--) {
    const at = pick(bytes.length + 1);
    const way = pick(4);
    if (way === 0)
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(spice[pick(spice.length)]!, "latin1"),
        bytes.subarray(at),
      ]);
    else if (way === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + pick(8))]);
    else if (way === 2 && at < bytes.length) bytes[at] = pick(256);
    else bytes = Buffer.concat([bytes.subarray(0, at), corpus[pick(corpus.length)]!]);
  }
  return bytes;
}

/** What a parser makes of bytes that arrive in these pieces. Anything but a WarrenError is a bug and goes through. */
function outcome(bytes: Buffer, cuts: readonly number[]): string {
  const head = new RequestHead(httpLimits);
  let come = Buffer.alloc(0);
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    come = Buffer.concat([come, bytes.subarray(from, to)]);
    from = to;
    try {
      const end = head.parse(come, 0);
      if (end < 0) continue;
      const forwarded = forwardRequest(head, forwardingPrefix(someClient), "id").toString("latin1");
      return JSON.stringify([
        end,
        head.method,
        head.target,
        head.path,
        head.host,
        head.contentLength,
        head.chunked,
        head.persistent,
        forwarded,
      ]);
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error;
      return `${error.code} ${error.status} ${error.message}`;
    }
  }
  return "incomplete";
}

function bodyOutcome(bytes: Buffer, cuts: readonly number[]): string {
  const framing = BodyFraming.chunked();
  let data = "";
  let used = 0;
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    try {
      used += framing.take(Buffer.from(bytes.subarray(from, to)), 0, (piece) => {
        data += Buffer.from(piece).toString("latin1");
      });
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error;
      return `${error.code} ${error.message} ${data}`;
    }
    from = to;
  }
  return JSON.stringify([framing.done, used, data]);
}

test(`RequestHead says the same however the bytes are split (seed ${seed})`, () => {
  const pick = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const bytes = mutate(pick);
    const whole = outcome(bytes, []);
    const cuts = [...new Set([pick(bytes.length + 1), pick(bytes.length + 1), pick(bytes.length + 1)])].sort(
      (a, b) => a - b,
    );
    assert.equal(outcome(bytes, cuts), whole, JSON.stringify(bytes.toString("latin1")));
    if (bytes.length > 300) continue;
    const each = Array.from(bytes, (_, index) => index + 1);
    assert.equal(outcome(bytes, each), whole, JSON.stringify(bytes.toString("latin1")));
  }
});

test(`A forwarded head is a request that would be taken, with the same meaning (seed ${seed})`, () => {
  const pick = seeded(seed + 1);
  for (let round = 0; round < rounds; round++) {
    const head = new RequestHead(httpLimits);
    let forwarded: Buffer;
    try {
      if (head.parse(mutate(pick), 0) < 0) continue;
      forwarded = forwardRequest(head, forwardingPrefix(someClient), "id");
    } catch (error) {
      assert.ok(error instanceof WarrenError);
      continue;
    }
    const again = new RequestHead({ ...httpLimits, requestHeadBytesMax: 32_768, fieldsMax: 110 });
    assert.equal(again.parse(forwarded, 0), forwarded.length);
    assert.deepEqual(
      [again.method, again.target, again.host, again.contentLength, again.chunked],
      [head.method, head.target, head.host, head.contentLength, head.chunked],
    );
  }
});

test(`ChunkedBody says the same however the bytes are split (seed ${seed})`, () => {
  const pick = seeded(seed + 2);
  const bodies = refusedBodies.map(([, text]) => Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1"));
  bodies.push(Buffer.from("5\r\nhello\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\nGET"), Buffer.from("0\r\n\r\n"));
  for (let round = 0; round < rounds; round++) {
    const bytes = Buffer.from(bodies[pick(bodies.length)]!);
    if (bytes.length > 0 && pick(2) === 0) bytes[pick(bytes.length)] = pick(256);
    const whole = bodyOutcome(bytes, []);
    const cuts = [pick(bytes.length + 1), pick(bytes.length + 1)].sort((a, b) => a - b);
    assert.equal(bodyOutcome(bytes, cuts), whole, JSON.stringify(bytes.toString("latin1")));
  }
});
