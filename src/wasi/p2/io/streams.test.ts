import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { WarrenError } from "../../../base/errors.ts";
import { Flow } from "../../../base/flow.ts";
import { OutputStream as StandardOutput } from "../../stdio.ts";
import { FlowInputStream } from "../flow-input-stream.ts";
import { FlowOutputStream } from "../flow-output-stream.ts";
import type { IoError } from "../io-error.ts";
import { type TestHost, testHost, text } from "../testdata/test-host.ts";

const closed = { tag: "err", val: { tag: "closed", val: undefined } };
const done = { tag: "ok", val: undefined };
const trapped = WebAssembly.RuntimeError;

function streams(host: TestHost, kind: "input-stream" | "output-stream") {
  // biome-ignore lint/suspicious/noExplicitAny: as the interface has it
  return (method: string, ...args: unknown[]): any => host.call("io/streams", `[method]${kind}.${method}`, ...args);
}

/** What reads gave, in turn: text, or how they failed. */
function told(result: { tag: string; val: unknown }): string {
  if (result.tag === "ok") return text(result.val as Uint8Array);
  const { tag, val } = result.val as { tag: string; val: IoError | undefined };
  return tag === "closed" ? "closed" : `failed: ${val?.message}`;
}

test("an input stream gives what came, then its end, as often as it is asked", () => {
  const host = testHost();
  const call = streams(host, "input-stream");
  const flow = new Flow();
  const input = new FlowInputStream(host, flow);
  assert.equal(told(call("read", input, 10n)), "");
  flow.push(Buffer.from("abcdef"));
  assert.equal(told(call("read", input, 0n)), "");
  assert.equal(told(call("read", input, 2n)), "ab");
  assert.deepEqual(call("skip", input, 1n), { tag: "ok", val: 1n });
  // A length that no list has.
  assert.equal(told(call("blocking-read", input, 2n ** 64n - 1n)), "def");
  assert.deepEqual(call("skip", input, 5n), { tag: "ok", val: 0n });
  flow.end();
  for (const name of ["read", "blocking-read", "skip", "blocking-skip"]) {
    for (const length of [0n, 9n]) assert.deepEqual(call(name, input, length), closed);
  }
  host.call("io/streams", "[resource-drop]input-stream", input);
  assert.ok(flow.cancelled);
  assert.equal(host.resources.held, 0);
});

test("an input stream tells of a failure once, behind the bytes before it, and is closed then", () => {
  const host = testHost();
  const call = streams(host, "input-stream");
  const flow = new Flow();
  const input = new FlowInputStream(host, flow, () => ({ domain: "sockets", code: "connection-reset" }));
  flow.push(Buffer.from("ab"));
  flow.fail(new WarrenError("connection.reset", "the peer is gone"));
  assert.equal(told(call("read", input, 9n)), "ab");
  const { val } = call("read", input, 9n) as { val: { tag: string; val: IoError } };
  assert.equal(val.tag, "last-operation-failed");
  assert.equal(host.call("io/error", "[method]error.to-debug-string", val.val), "the peer is gone");
  assert.equal(host.call("sockets/network", "network-error-code", val.val), "connection-reset");
  assert.equal(host.call("filesystem/types", "filesystem-error-code", val.val), undefined);
  assert.deepEqual(call("read", input, 9n), closed);
  assert.ok(input.ready());
});

test("blocking-read and blocking-skip wait for the first byte or the end", async () => {
  const host = testHost();
  const call = streams(host, "input-stream");
  const flow = new Flow();
  const input = new FlowInputStream(host, flow);
  const read = call("blocking-read", input, 3n);
  assert.ok(host.thread.parked);
  await turn();
  flow.push(Buffer.from("abcd"));
  assert.equal(told(await read), "abc");
  assert.deepEqual(call("blocking-skip", input, 3n), { tag: "ok", val: 1n });
  const skip = call("blocking-skip", input, 3n);
  flow.end();
  assert.deepEqual(await skip, closed);
});

test("check-write permits what there is room for, and writing more than that traps", () => {
  const host = testHost();
  const call = streams(host, "output-stream");
  const flow = new Flow(10);
  const output = new FlowOutputStream(host, flow);
  assert.throws(() => call("write", output, Buffer.from("a")), trapped);
  assert.deepEqual(call("write", output, new Uint8Array(0)), done);
  assert.deepEqual(call("check-write", output), { tag: "ok", val: 10n });
  const contents = Buffer.from("abcdef");
  assert.deepEqual(call("write", output, contents), done);
  contents.fill(0);
  assert.equal(text(flow.shift()!), "abcdef");
  assert.throws(() => call("write", output, Buffer.alloc(5)), trapped);
  assert.deepEqual(call("write-zeroes", output, 4n), done);
  assert.deepEqual([...flow.shift()!], [0, 0, 0, 0]);
  for (const length of [1n, 2n ** 64n - 1n]) assert.throws(() => call("write-zeroes", output, length), trapped);
  flow.push(Buffer.alloc(10));
  assert.deepEqual(call("check-write", output), { tag: "ok", val: 0n });
  assert.ok(!output.ready());
  flow.shift();
  assert.ok(output.ready());
});

test("an output stream is closed when nobody reads it any more, also where writing was permitted before", () => {
  const host = testHost();
  const call = streams(host, "output-stream");
  const flow = new Flow();
  const output = new FlowOutputStream(host, flow);
  call("check-write", output);
  flow.cancel();
  assert.deepEqual(call("write", output, Buffer.from("a")), closed);
  for (const name of ["check-write", "flush", "blocking-flush"]) assert.deepEqual(call(name, output), closed);
  assert.deepEqual(call("blocking-write-and-flush", output, Buffer.from("a")), closed);
  assert.ok(output.ready());
});

test("what a write failed with is told once", () => {
  const stdout = new StandardOutput(() => {
    throw Object.assign(new Error("no room"), { code: "ENOSPC" });
  }, false);
  const host = testHost({ stdout });
  const call = streams(host, "output-stream");
  const output = host.call("cli/stdout", "get-stdout");
  const failed = call("blocking-write-and-flush", output, Buffer.from("a"));
  assert.equal(failed.val.tag, "last-operation-failed");
  assert.equal(failed.val.val.message, "EIO");
  assert.deepEqual(call("check-write", output), closed);
  assert.deepEqual(call("blocking-flush", output), closed);
});

test("blocking-write-and-flush takes 4096 bytes, and waits for room", async () => {
  const host = testHost();
  const call = streams(host, "output-stream");
  const flow = new Flow(1000);
  const output = new FlowOutputStream(host, flow);
  assert.throws(() => call("blocking-write-and-flush", output, Buffer.alloc(4097)), trapped);
  assert.throws(() => call("blocking-write-zeroes-and-flush", output, 2n ** 63n), trapped);
  const contents = Buffer.alloc(2500, 1);
  const written = call("blocking-write-and-flush", output, contents);
  contents.fill(9);
  const sizes: number[] = [];
  let sum = 0;
  while (sum < 2500) {
    const chunk = flow.shift();
    if (chunk === undefined) await turn();
    else {
      assert.ok(chunk.every((byte) => byte === 1));
      sizes.push(chunk.length);
      sum += chunk.length;
    }
  }
  assert.deepEqual(sizes, [1000, 1000, 500]);
  assert.deepEqual(await written, done);
  assert.deepEqual(call("blocking-write-zeroes-and-flush", output, 10n), done);
  const broken = call("blocking-write-and-flush", output, Buffer.alloc(1500));
  flow.cancel();
  assert.deepEqual(await broken, closed);
});

test("splice moves what can be moved now, blocking-splice waits for both sides", async () => {
  const host = testHost();
  const call = streams(host, "output-stream");
  const [from, to] = [new Flow(), new Flow(4)];
  const input = new FlowInputStream(host, from);
  const output = new FlowOutputStream(host, to);
  assert.deepEqual(call("splice", output, input, 9n), { tag: "ok", val: 0n });
  from.push(Buffer.from("abcdefgh"));
  assert.deepEqual(call("splice", output, input, 2n), { tag: "ok", val: 2n });
  assert.deepEqual(call("splice", output, input, 2n ** 64n - 1n), { tag: "ok", val: 2n });
  assert.equal(text([to.shift()!, to.shift()!]), "abcd");
  assert.deepEqual(call("splice", output, input, 0n), { tag: "ok", val: 0n });
  assert.deepEqual(await call("blocking-splice", output, input, 9n), { tag: "ok", val: 4n });
  const waiting = call("blocking-splice", output, input, 9n);
  await turn();
  from.push(Buffer.from("xy"));
  await turn();
  assert.ok(host.thread.parked);
  to.shift();
  assert.deepEqual(await waiting, { tag: "ok", val: 2n });
  from.end();
  assert.equal(to.bytes, 2);
  assert.deepEqual(call("splice", output, input, 9n), closed);
  // The end is the input's: the output goes on.
  assert.deepEqual(call("check-write", output), { tag: "ok", val: 2n });
});

test("a splice takes back what check-write permitted", () => {
  const host = testHost();
  const call = streams(host, "output-stream");
  const [from, to] = [new Flow(), new Flow(4)];
  const output = new FlowOutputStream(host, to);
  from.push(Buffer.from("abcd"));
  call("check-write", output);
  call("splice", output, new FlowInputStream(host, from), 9n);
  assert.throws(() => call("write", output, Buffer.from("e")), trapped);
});

test("a guest that waits in a stream ends when it is ended", async () => {
  const host = testHost();
  const input = new FlowInputStream(host, new Flow());
  const read = streams(host, "input-stream")("blocking-read", input, 3n);
  const end = new Error("over");
  host.thread.end(end);
  await assert.rejects(read, end);
});

test("streams and pollables are counted, and trap when there are too many", () => {
  const host = testHost({ resourcesMax: 3 });
  const output = host.call("cli/stdout", "get-stdout");
  const pollables = [1, 2].map(() => streams(host, "output-stream")("subscribe", output));
  assert.throws(() => streams(host, "output-stream")("subscribe", output), trapped);
  assert.throws(() => host.call("cli/stdin", "get-stdin"), trapped);
  host.call("io/poll", "[resource-drop]pollable", pollables[0]);
  streams(host, "output-stream")("subscribe", output);
});

test("a pollable outlives its stream, and is ready then", () => {
  const host = testHost();
  const flow = new Flow();
  const input = new FlowInputStream(host, flow);
  const pollable = streams(host, "input-stream")("subscribe", input);
  assert.equal(host.call("io/poll", "[method]pollable.ready", pollable), false);
  host.call("io/streams", "[resource-drop]input-stream", input);
  assert.equal(host.call("io/poll", "[method]pollable.ready", pollable), true);
  assert.deepEqual(host.call("io/poll", "poll", [pollable]), [0]);
  host.call("io/poll", "[resource-drop]pollable", pollable);
  assert.equal(host.resources.held, 0);
});
