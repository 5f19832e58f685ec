import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { seeded } from "../../base/testdata/random.ts";
import { forwardResponse } from "./forward-head.ts";
import { httpLimits } from "./limits.ts";
import { ResponseHead } from "./response-head.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 3000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const corpus = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close, x-a\r\nX-A: 1\r\nDate: now\r\n\r\nhello",
  "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: 5\r\n\r\n0\r\n\r\n",
].map((text) => Buffer.from(text));
const spice = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  ":",
  ",",
  "\r\n\r\n",
  "Content-Length: 3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: x-b\r\n",
  "\xff",
];

function mutate(pick: (below: number) => number): Buffer {
  let bytes = Buffer.from(corpus[pick(corpus.length)]!);
  for (let count = pick(4); count > 0; count--) {
    const at = pick(bytes.length + 1);
    const way = pick(3);
    if (way === 0)
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(spice[pick(spice.length)]!, "latin1"),
        bytes.subarray(at),
      ]);
    else if (way === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + pick(8))]);
    else if (at < bytes.length) bytes[at] = pick(256);
  }
  return bytes;
}

/** What the parser makes of bytes in these pieces: the head that the client gets, or why it gets none. */
function outcome(bytes: Buffer, cuts: readonly number[]): string {
  const head = new ResponseHead(httpLimits);
  for (const to of [...cuts, bytes.length]) {
    try {
      const end = head.parse(bytes.subarray(0, to), 0);
      if (end < 0) continue;
      return (forwardResponse(head, "", end) ?? bytes.subarray(0, end)).toString("latin1");
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error;
      return `${error.code} ${error.message}`;
    }
  }
  return "incomplete";
}

test(`ResponseHead says the same however the bytes are split, and passes on nothing that it would refuse (seed ${seed})`, () => {
  const pick = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const bytes = mutate(pick);
    const text = JSON.stringify(bytes.toString("latin1"));
    const whole = outcome(bytes, []);
    assert.equal(
      outcome(
        bytes,
        Array.from(bytes, (_, index) => index + 1),
      ),
      whole,
      text,
    );
    if (!whole.startsWith("HTTP/")) continue;
    const again = new ResponseHead(httpLimits);
    assert.equal(again.parse(Buffer.from(whole, "latin1"), 0), whole.length, text);
  }
});
