import assert from "node:assert/strict";
import { constants } from "node:http2";
import { after, afterEach, before, test } from "node:test";
import { Flow } from "../base/flow.ts";
import { Front } from "./front.ts";
import type { FrontEvent } from "./http1/context.ts";
import { frameFlag, frameType } from "./http2/frame-meter.ts";
import { preface } from "./http2/preface.ts";
import {
  block,
  frame,
  get,
  getFields,
  integer,
  post,
  postFields,
  RawClient,
  settings,
  word,
} from "./http2/raw-client.ts";
import type { RequestTarget, TargetResponse } from "./target.ts";
import { listeningFd, newActivity, until } from "./test-rig.ts";
import { Ticker } from "./ticker.ts";

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM } = constants;

let now = 0;
const ticker = new Ticker({ intervalMs: 1_000_000, clock: () => now });
const events: FrontEvent[] = [];
let front: Front;
let port: number;
let bystander: RawClient;
let bystanderStream = 1;

before(async () => {
  front = new Front({ ticker, log: (event) => events.push(event) });
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
  bystander = new RawClient(port);
});
after(() => front.destroy());
afterEach(() => {
  events.length = 0;
});

function handling(handle: () => Promise<TargetResponse>): RequestTarget {
  const target: RequestTarget = { kind: "request", activity: newActivity(), handle };
  front.router.set("it", [{ listener: "http", target }]);
  return target;
}

function answering(): RequestTarget {
  return handling(async () => ({ status: 204, headers: [], body: ended() }));
}

/** A service whose answers never come. */
function silent(): RequestTarget {
  return handling(() => new Promise<TargetResponse>(() => {}));
}

function ended(): Flow {
  const flow = new Flow();
  flow.end();
  return flow;
}

/** Frames far beyond any purse. */
const framesMax = 300_000;

/** Sends until the connection is closed; how many frames it took, at the most. */
async function flood(client: RawClient, make: (index: number) => Uint8Array): Promise<number> {
  let sent = 0;
  while (!client.closed && sent < framesMax) {
    client.send(...Array.from({ length: 100 }, () => make(sent++)));
    await client.flushed();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sent;
}

/** A client beside the flood is served as ever. */
async function bystanderIsServed(): Promise<void> {
  answering();
  const stream = bystanderStream;
  bystanderStream += 2;
  bystander.send(get(stream));
  await bystander.until(() => bystander.of(frameType.headers, stream).length > 0);
  assert.equal(bystander.goaway, undefined);
}

/** Odd and ascending, as a client's are. */
function streamOf(index: number): number {
  return 2 * index + 1;
}

const ping = frame(frameType.ping, 0, 0, Buffer.alloc(8));
/** RFC 9113 §6.3. */
const priority = Buffer.from([0, 0, 0, 0, 16]);

interface FloodCase {
  readonly name: string;
  /** Sent before it. */
  readonly first?: Uint8Array;
  readonly make: (index: number) => Uint8Array;
  /** Frames after which it must be over; what the sockets hold is more. */
  readonly most: number;
}

const floods: readonly FloodCase[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    make: (index) => Buffer.concat([get(streamOf(index)), frame(frameType.rstStream, 0, streamOf(index), word(8))]),
    most: 5_000,
  },
  {
    name: "rapid reset of requests that wait for 100",
    make: (index) =>
      Buffer.concat([
        post(streamOf(index), [...postFields, ["expect", "100-continue"]]),
        frame(frameType.rstStream, 0, streamOf(index), word(0)),
      ]),
    most: 5_000,
  },
  {
    name: "resets that the server is made to send, by an increment of 0 (CVE-2025-8671)",
    make: (index) => Buffer.concat([get(streamOf(index)), frame(frameType.windowUpdate, 0, streamOf(index), word(0))]),
    most: 5_000,
  },
  {
    name: "resets that the server is made to send, by a window that overflows (CVE-2025-8671)",
    make: (index) =>
      Buffer.concat([get(streamOf(index)), frame(frameType.windowUpdate, 0, streamOf(index), word(2 ** 31 - 1))]),
    most: 5_000,
  },
  {
    name: "resets that the server is made to send, by heads that are malformed",
    make: (index) => get(streamOf(index), [...getFields, ["connection", "close"]]),
    most: 5_000,
  },
  {
    name: "resets that the server is made to send, by bodies longer than announced",
    make: (index) =>
      Buffer.concat([
        post(streamOf(index), [...postFields, ["content-length", "1"]]),
        frame(frameType.data, 0, streamOf(index), Buffer.from("ab")),
      ]),
    most: 5_000,
  },
  { name: "SETTINGS", make: () => settings(), most: 20_000 },
  { name: "SETTINGS with values", make: (index) => settings([4, 65_535 + (index % 2)]), most: 20_000 },
  { name: "PING", make: () => ping, most: 60_000 },
  { name: "PRIORITY", make: (index) => frame(frameType.priority, 0, streamOf(index), priority), most: 60_000 },
  { name: "empty DATA", first: post(1), make: () => frame(frameType.data, 0, 1), most: 60_000 },
  {
    name: "DATA of padding alone",
    first: post(1),
    make: () => frame(frameType.data, frameFlag.padded, 1, Buffer.from([3, 0, 0, 0])),
    most: 60_000,
  },
  { name: "WINDOW_UPDATE of the connection", make: () => frame(frameType.windowUpdate, 0, 0, word(1)), most: 60_000 },
  {
    name: "WINDOW_UPDATE of a stream",
    first: post(1),
    make: () => frame(frameType.windowUpdate, 0, 1, word(100)),
    most: 60_000,
  },
  { name: "frames of unknown types", make: () => frame(0x42, 0, 0, Buffer.alloc(4)), most: 60_000 },
  {
    name: "CONTINUATION",
    first: frame(frameType.headers, 0, 1, block(getFields)),
    make: (index) => frame(frameType.continuation, 0, 1, block([[`x-${index}`, "y"]])),
    most: 30_000,
  },
  {
    name: "empty CONTINUATION",
    first: frame(frameType.headers, 0, 1, block(getFields)),
    make: () => frame(frameType.continuation, 0, 1),
    most: 30_000,
  },
  {
    name: "empty HEADERS",
    make: (index) => frame(frameType.headers, frameFlag.endHeaders, streamOf(index)),
    most: 30_000,
  },
];

for (const { name, first, make, most } of floods) {
  test(`Front cuts a flood off: ${name}`, async () => {
    const target = silent();
    const client = new RawClient(port);
    if (first !== undefined) client.send(first);
    const sent = await flood(client, make);
    assert.ok(client.closed, `${sent} frames, and the connection is open`);
    // What the sockets between hold was sent for nothing.
    assert.ok(sent <= most * 3, `it took ${sent} frames`);
    assert.ok(target.activity.requests <= 1_000, `${target.activity.requests} requests were begun`);
    assert.equal(target.activity.active, 0);
    await bystanderIsServed();
  });
}

test("Front tells a client that floods to enhance its calm, and the operator who it was", async () => {
  silent();
  const client = new RawClient(port);
  await flood(client, () => ping);
  assert.equal(client.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  assert.deepEqual(
    events.map(({ code, message }) => [code, message]),
    [["http2.flood", "a flood of HTTP/2 frames (PING) from 127.0.0.1"]],
  );
});

test("Front refuses heads that unpack to much (HPACK bombs), in little memory", async () => {
  answering();
  const client = new RawClient(port);
  // A field of 4,000 bytes goes into the dynamic table, and then comes by its index.
  const entry = Buffer.concat([
    Buffer.of(0x40),
    integer(1, 7, 0),
    Buffer.from("x"),
    integer(4_000, 7, 0),
    Buffer.alloc(4_000, "y"),
  ]);
  const indexed = Buffer.alloc(8_000, integer(62, 7, 0x80));
  client.send(
    frame(frameType.headers, frameFlag.endHeaders | frameFlag.endStream, 1, Buffer.concat([block(getFields), entry])),
  );
  await client.until(() => client.of(frameType.headers, 1).length > 0);
  const before = process.memoryUsage().rss;
  const bomb = Buffer.concat([block(getFields), indexed]);
  const sent = await flood(client, (index) =>
    frame(frameType.headers, frameFlag.endHeaders | frameFlag.endStream, streamOf(index + 1), bomb),
  );
  assert.ok(client.closed, `${sent} bombs, and the connection is open`);
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 256 * 2 ** 20, `${grown} bytes more`);
  await bystanderIsServed();
});

test("Front refuses streams beyond its limit, and serves those below it", async () => {
  const target = silent();
  const client = new RawClient(port);
  client.send(...Array.from({ length: 110 }, (_, index) => get(streamOf(index))));
  await client.until(() => client.of(frameType.rstStream).length === 10);
  assert.ok(client.of(frameType.rstStream).every(({ payload }) => payload.readUInt32BE() === NGHTTP2_REFUSED_STREAM));
  assert.deepEqual([target.activity.requests, target.activity.active], [100, 100]);
  client.socket.destroy();
  await until(() => target.activity.active === 0);
});

/** An endless answer; counts what was taken of it. */
function endless(): { taken: number } {
  const count = { taken: 0 };
  handling(async () => {
    const body = new Flow();
    const give = () => {
      while (!body.closed) {
        count.taken += 16 * 1024;
        if (!body.push(Buffer.alloc(16 * 1024))) return;
      }
    };
    body.onWritable = give;
    give();
    return { status: 200, headers: [], body };
  });
  return count;
}

/** Lets time pass for the front. */
function later(ms: number): void {
  now += ms;
  ticker.tick();
}

test("Front holds little for a client that never opens its windows, and resets the streams in the end", async () => {
  const count = endless();
  const client = new RawClient(port, { begin: Buffer.concat([preface, settings([4, 0])]) });
  client.send(...Array.from({ length: 100 }, (_, index) => get(streamOf(index))));
  await client.until(() => client.of(frameType.headers).length === 100);
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(count.taken < 32 * 2 ** 20, `${count.taken} bytes are held`);
  later(1_000);
  later(31_000);
  await client.until(() => client.of(frameType.rstStream).length === 100);
  client.socket.destroy();
});

test("Front cuts a client off that takes its answer in crumbs", async () => {
  endless();
  const client = new RawClient(port, { begin: Buffer.concat([preface, settings([4, 1])]) });
  client.send(get(1));
  await client.until(() => client.of(frameType.data, 1).length > 0);
  const sent = await flood(client, () => frame(frameType.windowUpdate, 0, 1, word(1)));
  assert.ok(client.closed, `${sent} crumbs, and the connection is open`);
  await bystanderIsServed();
});

/** Everything that was sent has been read. */
async function settled(client: RawClient): Promise<void> {
  await client.until(() => client.of(frameType.settings).length === 2);
  client.send(ping);
  await client.until(() => client.of(frameType.ping).length === 1);
}

test("Front waits so long for a head, for settings that are acknowledged, for a body, and for the next request", async () => {
  answering();
  const half = new RawClient(port);
  const partial = new RawClient(port);
  for (const client of [half, partial]) await client.until(() => client.of(frameType.settings).length === 2);
  half.send(frame(frameType.headers, 0, 1, block(getFields)));
  partial.send(get(1).subarray(0, 20));
  const mute = new RawClient(port, { acknowledge: false });
  mute.send(get(1));
  const idle = new RawClient(port);
  idle.send(get(1));
  for (const client of [mute, idle]) {
    await client.until(() => client.of(frameType.headers).length === 1);
    await settled(client);
  }
  later(1_000);
  later(11_000);
  for (const client of [half, partial]) {
    await client.untilClosed();
    assert.equal(client.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  }
  await mute.untilClosed();
  assert.equal(mute.goaway, constants.NGHTTP2_SETTINGS_TIMEOUT);
  assert.equal(idle.closed, false);

  silent();
  const slow = new RawClient(port);
  slow.send(post(1), frame(frameType.data, 0, 1, Buffer.from("a")));
  await settled(slow);
  later(1_000);
  later(31_000);
  await slow.until(() => slow.of(frameType.headers, 1).length === 1);
  slow.socket.destroy();

  later(76_000);
  await idle.untilClosed();
  assert.equal(idle.goaway, constants.NGHTTP2_NO_ERROR);
});
