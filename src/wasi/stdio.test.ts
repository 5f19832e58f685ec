import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../base/errors.ts";
import { Flow } from "../base/flow.ts";
import { errno } from "./errno.ts";
import { InputStream, OutputStream } from "./stdio.ts";

test("InputStream gives the flow's bytes, its end, and its failure as IO", () => {
  const flow = new Flow();
  const input = new InputStream(flow, false);
  let wakes = 0;
  input.wake = () => wakes++;
  const buffers = [Buffer.alloc(2), Buffer.alloc(4)];
  assert.equal(input.poll("read"), undefined);
  assert.equal(input.read(buffers), -errno.AGAIN);
  flow.push(Buffer.from("abc"));
  assert.equal(wakes, 1);
  assert.deepEqual(input.poll("read"), { bytes: 3, hangup: false });
  assert.equal(input.read(buffers), 3);
  assert.equal(Buffer.concat(buffers).toString("latin1", 0, 3), "abc");
  flow.fail(new WarrenError("stdin.failed", "the terminal is gone"));
  assert.equal(input.read(buffers), -errno.IO);
  assert.equal(input.write(), -errno.BADF);
  input.close();
  assert.ok(flow.cancelled);
});

test("InputStream without a flow is at its end", () => {
  const input = new InputStream(undefined, false);
  assert.equal(input.read([Buffer.alloc(2)]), 0);
  assert.deepEqual(input.poll("read"), { bytes: 0, hangup: true });
});

test("OutputStream hands over a copy of what is written", () => {
  const chunks: Uint8Array[] = [];
  const output = new OutputStream((chunk) => chunks.push(chunk), false);
  const buffer = Buffer.from("abc");
  assert.equal(output.write([buffer, Buffer.from("d")]), 4);
  buffer.fill(0);
  assert.equal(Buffer.from(chunks[0]!).toString(), "abcd");
  assert.equal(output.read(), -errno.BADF);
});

test("OutputStream tells the guest when nobody reads", () => {
  const broken = (code: string) =>
    new OutputStream(() => {
      throw Object.assign(new Error(code), { code });
    }, false).write([Buffer.from("x")]);
  assert.equal(broken("EPIPE"), -errno.PIPE);
  assert.equal(broken("ENOSPC"), -errno.IO);
  const flow = new Flow();
  const output = new OutputStream(flow, false);
  flow.cancel();
  assert.equal(output.write([Buffer.from("x")]), -errno.PIPE);
  assert.deepEqual(output.poll("write"), { bytes: 0, hangup: true });
});
