import assert from "node:assert/strict";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { Socket } from "node:net";
import { after, before, test } from "node:test";
import { conduitPair } from "../base/conduit.ts";
import { socketPair } from "../base/native-socket.ts";
import { Tunnel } from "../base/tunnel.ts";
import { Front } from "./front.ts";
import { ConduitStream } from "./http2/conduit-stream.ts";
import { FloodGuard } from "./http2/flood-guard.ts";
import { frameFlag, frameType } from "./http2/frame-meter.ts";
import { block, frame, settings, word } from "./http2/raw-client.ts";
import type { StreamTarget } from "./target.ts";
import { Client, elsewhere, listeningFd, newActivity, streamTarget, testFront, until } from "./test-rig.ts";

let front: Front;
let port: number;
let client: ClientHttp2Session;

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
  client = connect(`http://127.0.0.1:${port}`);
});
after(() => {
  client.destroy();
  front.destroy();
});

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: ServerHttp2Session) => void;

/** A guest in memory that speaks HTTP/2. */
function http2Target(onStream: OnStream): StreamTarget & { connections: number } {
  return streamTarget((guest) => {
    const guard = new FloodGuard({ skipIn: 24, skipOut: 0, now: () => 0, onFlood: (what) => assert.fail(what) });
    const session = performServerHandshake(new ConduitStream(guest, guard));
    session.on("error", () => {});
    session.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      onStream(stream, headers, session);
    });
  });
}

function route(onStream: OnStream): StreamTarget & { connections: number } {
  const target = http2Target(onStream);
  front.router.set("it", [{ listener: "http", target: front.speakingHttp2(target) }]);
  return target;
}

function open(headers: Record<string, string> = {}, session = client): ClientHttp2Stream {
  const stream = session.request({ ":authority": "a", ":path": "/", ":method": "POST", ...headers });
  stream.on("error", () => {});
  return stream;
}

/** All of an answer. */
async function answerOf(
  stream: ClientHttp2Stream,
): Promise<{ head: IncomingHttpHeaders; body: string; trailers: IncomingHttpHeaders; code: number }> {
  stream.on("error", () => {});
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let body = "";
  stream.on("response", (fields) => {
    head = fields;
  });
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  stream.on("data", (chunk: Buffer) => {
    body += chunk.toString();
  });
  await new Promise<void>((resolve) => stream.on("close", resolve));
  return { head, body, trailers, code: stream.rstCode };
}

/** What it gets it sends back, as it comes, and then a status. */
const echo: OnStream = (stream) => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
};

test("Http2Guest streams both ways at once, with trailers, many requests over one connection", async () => {
  let seen: IncomingHttpHeaders = {};
  const target = route((stream, headers, session) => {
    seen = headers;
    echo(stream, headers, session);
  });
  const stream = open({ te: "trailers", "x-a": "b" });
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  stream.write("one");
  await until(() => text === "one");
  stream.write("two");
  await until(() => text === "onetwo");
  stream.end();
  assert.equal((await answerOf(stream)).trailers["grpc-status"], "0");
  assert.deepEqual(
    [seen[":authority"], seen.te, seen["x-a"], seen["x-forwarded-for"]],
    ["a", "trailers", "b", "127.0.0.1"],
  );
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => {
      const each = open();
      each.end(`${index}`);
      return answerOf(each);
    }),
  );
  assert.deepEqual(
    answers.map(({ body }) => body),
    Array.from({ length: 50 }, (_, index) => `${index}`),
  );
  assert.equal(target.connections, 1);
  assert.deepEqual([target.activity.requests, target.activity.active], [51, 0]);
});

test("Http2Guest takes a prefix off where the route says so", async () => {
  const paths: unknown[] = [];
  const target = http2Target((stream, headers) => {
    paths.push(headers[":path"], headers["x-forwarded-prefix"]);
    stream.respond({ ":status": 204 }, { endStream: true });
  });
  front.router.set("it", [{ listener: "http", path: "/app", strip: true, target: front.speakingHttp2(target) }]);
  await answerOf(client.request({ ":authority": "a", ":path": "/app/x?y" }));
  assert.deepEqual(paths, ["/x?y", "/app"]);
});

test("Http2Guest passes an answer of trailers alone on as it is", async () => {
  route((stream) => stream.respond({ ":status": 200, "grpc-status": "12" }, { endStream: true }));
  const stream = open();
  stream.end("x");
  const { head, body, code } = await answerOf(stream);
  assert.deepEqual([head["grpc-status"], body, code], ["12", "", 0]);
});

test("Http2Guest passes large bodies through both ways, and holds them back", async () => {
  route(echo);
  const stream = open();
  const bytes = 8 * 1024 * 1024;
  let sent = 0;
  const send = () => {
    while (sent < bytes) {
      sent += 64 * 1024;
      if (!stream.write(Buffer.alloc(64 * 1024, "x"))) {
        stream.once("drain", send);
        return;
      }
    }
    stream.end();
  };
  send();
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(sent < 4 * 1024 * 1024, `${sent} bytes went into a client that does not read`);
  assert.equal((await answerOf(stream)).body.length, bytes);
});

test("Http2Guest resets the guest's stream when the client resets its own, and the other way round", async () => {
  const reset = Promise.withResolvers<number>();
  route((stream) => {
    stream.on("close", () => reset.resolve(stream.rstCode));
    stream.respond({ ":status": 200 });
    stream.write("x");
  });
  const stream = open();
  stream.once("data", () => stream.close(constants.NGHTTP2_CANCEL));
  assert.equal(await reset.promise, constants.NGHTTP2_CANCEL);

  route((stream) => {
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.write("x", () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
  });
  assert.equal((await answerOf(open())).code, constants.NGHTTP2_ENHANCE_YOUR_CALM);
});

test("Http2Guest never makes a request look whole whose client broke off", async () => {
  const over = Promise.withResolvers<boolean>();
  const began = Promise.withResolvers<void>();
  route((stream) => {
    let ended = false;
    stream.on("data", () => began.resolve());
    stream.on("end", () => {
      ended = true;
    });
    stream.on("close", () => over.resolve(ended && stream.rstCode === 0));
  });
  const stream = open();
  stream.write("half");
  await began.promise;
  stream.destroy(new Error("cut off"));
  assert.equal(await over.promise, false);
});

test("Http2Guest sends a request again that the guest refused to look at, with its body, three times at most", async () => {
  let asked = 0;
  let refusals = 2;
  route((stream) => {
    asked++;
    if (asked <= refusals) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      stream.respond({ ":status": 200 });
      stream.end(Buffer.concat(chunks));
    });
  });
  const first = await answerOf(client.request({ ":authority": "a", ":path": "/" }));
  assert.deepEqual([first.head[":status"], asked], [200, 3]);
  asked = 0;
  const second = open();
  second.write("a short ");
  second.end("body");
  const again = await answerOf(second);
  assert.deepEqual([again.head[":status"], asked, again.body], [200, 3, "a short body"]);
  asked = 0;
  refusals = 10;
  const third = open();
  third.end("body");
  const { head, code } = await answerOf(third);
  assert.deepEqual([head[":status"], code, asked], [undefined, constants.NGHTTP2_REFUSED_STREAM, 3]);
});

test("Http2Guest answers 502 when the guest goes, and connects anew", async () => {
  let gone = false;
  const target = route((stream, _headers, session) => {
    if (gone) stream.respond({ ":status": 204 }, { endStream: true });
    else session.destroy();
    gone = true;
  });
  assert.equal((await answerOf(client.request({ ":authority": "a", ":path": "/" }))).head[":status"], 502);
  assert.equal((await answerOf(client.request({ ":authority": "a", ":path": "/" }))).head[":status"], 204);
  assert.deepEqual([target.connections, target.activity.active], [2, 0]);
});

test("Http2Guest gives clients of HTTP/1.1 chunks, trailers and early hints", async () => {
  route((stream, headers) => {
    stream.additionalHeaders({ ":status": 103, link: "</a>" });
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": `${headers[":path"]}` }));
    stream.pipe(stream);
  });
  const connection = new Client(port);
  connection.send("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  await connection.untilText("x-sum: /p\r\n\r\n");
  assert.match(connection.text, /^HTTP\/1\.1 103 [^\r]*\r\nlink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.match(connection.text, /\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: \/p\r\n\r\n$/);
  connection.socket.destroy();
});

test("Http2Guest ends its connection to a guest that is retired", async () => {
  const ended = Promise.withResolvers<void>();
  const target = route((stream, _headers, session) => {
    session.on("close", () => ended.resolve());
    stream.respond({ ":status": 204 }, { endStream: true });
  });
  await answerOf(client.request({ ":authority": "a", ":path": "/" }));
  front.retire(target);
  await ended.promise;
});

test("Front asks another worker's front over HTTP/2 for a guest that speaks it, and says who the client is", async () => {
  const there = testFront();
  (await there.addHttpListener("http", (await listeningFd()).fd)).close();
  let seen: IncomingHttpHeaders = {};
  const target = http2Target((stream, headers, session) => {
    seen = headers;
    echo(stream, headers, session);
  });
  there.router.set("it", [{ listener: "http", target: there.speakingHttp2(target) }]);
  const other: StreamTarget = {
    kind: "stream",
    peer: true,
    activity: newActivity(),
    connect(from) {
      const [near, far] = socketPair("stream");
      there.adopt(far, new Uint8Array(0), { listener: "http", passed: 0, peer: true });
      const socket = new Socket({ fd: near, allowHalfOpen: true });
      const [ours, theirs] = conduitPair(from, from);
      new Tunnel(socket, theirs, () => {}).start(undefined);
      return ours;
    },
  };
  const multiplexed = front.speakingHttp2(other);
  front.router.set("it", [
    { listener: "http", target: { ...elsewhere(() => assert.fail("passed on"), other), multiplexed } },
  ]);
  const stream = open({ "warren-forwarded": "10.9.9.9 1 10.9.9.9 2 http", "x-forwarded-for": "10.9.9.9" });
  stream.end("hello");
  const { body, trailers } = await answerOf(stream);
  assert.deepEqual([body, trailers["grpc-status"]], ["hello", "0"]);
  assert.deepEqual([seen["x-forwarded-for"], seen["warren-forwarded"]], ["127.0.0.1", undefined]);
  there.destroy();
});

const rules: readonly (readonly [name: string, frames: readonly Uint8Array[]])[] = [
  [
    "a field of HTTP/1 in an interim answer",
    [
      frame(
        frameType.headers,
        frameFlag.endHeaders,
        1,
        block([
          [":status", "103"],
          ["http2-settings", "a"],
          ["link", "b"],
        ]),
      ),
      frame(frameType.headers, frameFlag.endHeaders | frameFlag.endStream, 1, block([[":status", "204"]])),
    ],
  ],
  ["101", [frame(frameType.headers, frameFlag.endHeaders, 1, block([[":status", "101"]]))]],
  [
    "a field of HTTP/1",
    [
      frame(
        frameType.headers,
        5,
        1,
        block([
          [":status", "200"],
          ["connection", "close"],
        ]),
      ),
    ],
  ],
  [
    "a field of HTTP/1 that is not refused",
    [
      frame(
        frameType.headers,
        5,
        1,
        block([
          [":status", "200"],
          ["http2-settings", "a"],
        ]),
      ),
    ],
  ],
  ["a status that is none", [frame(frameType.headers, 5, 1, block([[":status", "999"]]))]],
  ["no status", [frame(frameType.headers, 5, 1, block([["x-a", "b"]]))]],
  [
    "a field of HTTP/1 behind the body",
    [
      frame(frameType.headers, frameFlag.endHeaders, 1, block([[":status", "200"]])),
      frame(
        frameType.headers,
        5,
        1,
        block([
          ["http2-settings", "a"],
          ["x-t", "1"],
        ]),
      ),
    ],
  ],
  ["a pushed request", [frame(5, frameFlag.endHeaders, 1, Buffer.concat([word(2), block([[":method", "GET"]])]))]],
  ["a body before its head", [frame(frameType.data, 1, 1, Buffer.from("x"))]],
  ["what is no frame", [Buffer.from("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")]],
  ["a flood of pings", Array.from({ length: 20_000 }, () => frame(frameType.ping, 0, 0, Buffer.alloc(8)))],
];

test("Http2Guest takes no harm from a guest that breaks the rules", async () => {
  for (const [name, frames] of rules) {
    const target = streamTarget((guest) => {
      guest.input.onReadable = () => {
        guest.input.onReadable = undefined;
        guest.output.push(settings());
        setImmediate(() => {
          for (const bytes of frames) guest.output.push(Buffer.from(bytes));
          guest.output.end();
        });
      };
    });
    front.router.set("it", [{ listener: "http", target: front.speakingHttp2(target) }]);
    const { head, code } = await answerOf(client.request({ ":authority": "a", ":path": "/" }));
    assert.ok(code !== 0 || [200, 204, 502].includes(Number(head[":status"])), `${name}: ${head[":status"]}, ${code}`);
    assert.equal(target.activity.active, 0, name);
  }
  route(echo);
  const stream = open();
  stream.end("still here");
  assert.equal((await answerOf(stream)).body, "still here");
});
