import assert from "node:assert/strict";
import { test } from "node:test";
import { conduitPair, resetConduit } from "./conduit.ts";
import { WarrenError } from "./errors.ts";
import { Flow } from "./flow.ts";

const bytes = (text: string) => Buffer.from(text);

test("read() copies across chunks and leaves the rest", () => {
  const flow = new Flow();
  flow.push(bytes("abc"));
  flow.push(bytes("defg"));
  const target = Buffer.alloc(5);
  assert.equal(flow.read(target), 5);
  assert.equal(target.toString(), "abcde");
  assert.equal(flow.bytes, 2);
  assert.equal(Buffer.from(flow.shift() as Uint8Array).toString(), "fg");
  assert.equal(flow.read(target), 0);
});

test("read() with peek leaves everything in the queue", () => {
  const flow = new Flow();
  flow.push(bytes("ab"));
  flow.push(bytes("cd"));
  const target = Buffer.alloc(3);
  assert.equal(flow.read(target, true), 3);
  assert.equal(target.toString(), "abc");
  assert.equal(flow.bytes, 4);
  assert.equal(flow.read(target), 3);
  assert.equal(flow.bytes, 1);
});

test("read() and shift() give back what was pushed, whatever the sizes", () => {
  let seed = 7;
  const next = (most: number) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed % most;
  };
  const flow = new Flow(1000);
  const sent: number[] = [];
  const got: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    if (next(2) === 0 && flow.writable) {
      const chunk = Uint8Array.from({ length: next(50) }, () => next(256));
      sent.push(...chunk);
      flow.push(chunk);
    } else if (next(2) === 0) got.push(...(flow.shift() ?? []));
    else {
      const target = new Uint8Array(next(80));
      got.push(...target.subarray(0, flow.read(target)));
    }
    assert.equal(flow.bytes, sent.length - got.length);
  }
  for (let chunk = flow.shift(); chunk !== undefined; chunk = flow.shift()) got.push(...chunk);
  assert.deepEqual(got, sent);
});

test("a writer is told when there is room again, once", () => {
  const flow = new Flow(4);
  let told = 0;
  flow.onWritable = () => told++;
  assert.equal(flow.push(bytes("abcdef")), false);
  flow.read(Buffer.alloc(2));
  assert.equal(told, 0);
  flow.read(Buffer.alloc(1));
  assert.equal(told, 1);
  flow.read(Buffer.alloc(1));
  assert.equal(told, 1);
});

test("the end comes after the data", () => {
  const flow = new Flow();
  flow.push(bytes("x"));
  flow.end();
  assert.equal(flow.push(bytes("y")), false);
  assert.equal(flow.finished, false);
  assert.equal(flow.readable, true);
  flow.shift();
  assert.equal(flow.finished, true);
  assert.equal(flow.failure, undefined);
});

test("a failure is seen by the reader, a cancellation by the writer", () => {
  const [client, server] = conduitPair({ ip: "127.0.0.1", port: 1 }, { ip: "127.0.0.1", port: 2 });
  let readable = 0;
  let writable = 0;
  server.input.onReadable = () => readable++;
  server.output.onWritable = () => writable++;
  server.output.push(bytes("lost"));
  resetConduit(client, "gone");
  assert.ok(server.input.failure instanceof WarrenError);
  assert.equal(server.output.cancelled, true);
  assert.equal(server.output.bytes, 0);
  assert.deepEqual([readable, writable], [1, 1]);
  assert.equal(server.output.push(bytes("more")), false);
});
