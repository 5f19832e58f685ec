import assert from "node:assert/strict";
import { test } from "node:test";
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import type { ContentCoding } from "../accept-encoding.ts";
import type { TargetRequest, TargetResponse } from "../target.ts";
import { Compression } from "./compression.ts";

const codings: readonly ContentCoding[] = ["br", "zstd", "gzip"];
const decode = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync };
const decoder = { br: createBrotliDecompress, zstd: createZstdDecompress, gzip: createGunzip };

function encode(
  compression: Compression,
  body: Flow,
  coding: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
) {
  const request = { method, headers: [["accept-encoding", coding]] } as unknown as TargetRequest;
  const response: TargetResponse = {
    status: 200,
    headers: [["content-type", "text/plain"], ...Object.entries(headers)],
    body,
  };
  return compression.encode(request, response);
}

function collect(flow: Flow): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    let pumping = false;
    flow.onReadable = () => {
      if (pumping) return;
      pumping = true;
      for (let chunk = flow.shift(); chunk !== undefined; chunk = flow.shift()) chunks.push(chunk);
      pumping = false;
      if (!flow.finished) return;
      if (flow.failure === undefined) resolve(Buffer.concat(chunks));
      else reject(flow.failure);
    };
    flow.onReadable();
  });
}

test("bodies of every size and split come out as they went in", async () => {
  const compression = new Compression();
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (const coding of codings) {
    for (const size of [0, 1, 600, 70_000, 1_000_000]) {
      const text = Buffer.from(Array.from({ length: size }, () => 97 + random(4)));
      const body = new Flow();
      const { body: output, headers } = encode(compression, body, coding);
      assert.ok(headers.some(([name, value]) => name === "Content-Encoding" && value === coding));
      const all = collect(output);
      for (let at = 0; at < size; ) {
        const to = Math.min(size, at + 1 + random(200_000));
        body.push(text.subarray(at, to));
        at = to;
        if (random(3) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      body.end();
      const encoded = await all;
      assert.ok(text.equals(decode[coding](encoded)), `${coding} ${size}`);
      if (size > 10_000) assert.ok(encoded.length < size / 2, `${coding}: ${encoded.length} of ${size} bytes`);
    }
  }
  assert.equal(compression.active, 0);
});

test("a piece of a stream can be decoded before the next one comes", async () => {
  const compression = new Compression();
  for (const coding of codings) {
    const body = new Flow();
    const { body: output } = encode(compression, body, coding, { "content-type": "text/event-stream" });
    const decoded = decoder[coding]();
    output.onReadable = () => {
      for (let chunk = output.shift(); chunk !== undefined; chunk = output.shift()) decoded.write(chunk);
      if (output.finished) decoded.end();
    };
    let got = "";
    let more: () => void = () => {};
    decoded.on("data", (chunk: Buffer) => {
      got += String(chunk);
      more();
    });
    for (let event = 0; event < 3; event++) {
      const text = `data: ${event}\n\n`;
      const before = got.length;
      body.push(Buffer.from(text));
      while (got.length < before + text.length)
        await new Promise<void>((resolve) => {
          more = resolve;
        });
      assert.equal(got.slice(before), text);
    }
    body.end();
    await new Promise((resolve) => decoded.once("end", resolve));
  }
});

test("a client that does not read holds the guest back", async () => {
  const compression = new Compression();
  const body = new Flow();
  const { body: output } = encode(compression, body, "gzip");
  // What does not get smaller fills both flows.
  const noise = crypto.getRandomValues(new Uint8Array(65_536));
  let pushed = 0;
  for (let still = 0; still < 50; ) {
    if (body.writable) {
      still = 0;
      body.push(noise);
      pushed += noise.length;
    } else still++;
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.ok(pushed < 1_000_000, `${pushed} bytes`);
  }
  assert.ok(output.bytes < 400_000, `${output.bytes} bytes`);
  output.cancel();
  assert.ok(body.cancelled);
  assert.equal(compression.active, 0);
});

test("a body that breaks off breaks off, and one that nobody wants is given up", async () => {
  const compression = new Compression();
  const broken = new Flow();
  const all = collect(encode(compression, broken, "br").body);
  broken.push(Buffer.alloc(100_000));
  broken.fail(new WarrenError("connection.reset", "gone"));
  await assert.rejects(all, { code: "connection.reset" });
  const given = new Flow();
  given.push(Buffer.alloc(200_000));
  encode(compression, given, "zstd").body.cancel();
  assert.ok(given.cancelled);
  assert.equal(compression.active, 0);
  // The turns were given back: others go on.
  const next = new Flow();
  const output = collect(encode(compression, next, "gzip").body);
  next.push(Buffer.from("x".repeat(1000)));
  next.end();
  assert.equal(String(gunzipSync(await output)), "x".repeat(1000));
});

test("more than 32 at a time go as they are, and say that they vary", async () => {
  const compression = new Compression();
  const bodies = Array.from({ length: 33 }, () => new Flow());
  const answers = bodies.map((body) => encode(compression, body, "br"));
  assert.equal(compression.active, 32);
  const last = answers[32];
  assert.equal(last?.body, bodies[32]);
  assert.deepEqual(last?.headers, [
    ["content-type", "text/plain"],
    ["Vary", "Accept-Encoding"],
  ]);
  for (const { body } of answers) body.cancel();
  assert.equal(compression.active, 0);
});

test("the answer to HEAD has the head of the compressed one, and its body untouched", () => {
  const compression = new Compression();
  const body = new Flow();
  const answer = encode(compression, body, "gzip", { "content-length": "1000" }, "HEAD");
  assert.equal(answer.body, body);
  assert.deepEqual(answer.headers.slice(-2), [
    ["Vary", "Accept-Encoding"],
    ["Content-Encoding", "gzip"],
  ]);
});
