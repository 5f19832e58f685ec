import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../net/test-rig.ts";
import type { JsHandler } from "./handler/testdata/js-instance.ts";
import { TestFront } from "./handler/testdata/rig.ts";

const rig = new TestFront();
before(() => rig.listen());
after(() => rig.close());

const mebibyte = 2 ** 20;
const total = 48 * mebibyte;
/** What sockets, flows and streams hold at the most on the way, with room to spare. */
const heldMax = 24 * mebibyte;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Looks at a count until it has not changed for a while. */
async function settled(count: () => number): Promise<number> {
  let last = -1;
  for (let same = 0; same < 200; same++) {
    await turn();
    if (count() !== last) same = 0;
    last = count();
  }
  return last;
}

/** A client that reads nothing until it is told to, and then counts. */
class SlowClient extends Client {
  received = 0;

  constructor(port: number) {
    super(port);
    this.socket.removeAllListeners("data");
    this.socket.pause();
  }

  async readAll(bytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.socket.on("data", (chunk: Buffer) => {
      this.received += chunk.length;
      if (this.received >= bytes) resolve();
    });
    this.socket.resume();
    await promise;
  }

  /** Sends a body as fast as it is taken; what was taken so far. */
  pour(bytes: number): () => number {
    const chunk = Buffer.alloc(64 * 1024, 1);
    let sent = 0;
    const go = () => {
      let more = true;
      while (more && sent < bytes) {
        more = this.socket.write(chunk);
        sent += chunk.length;
      }
    };
    this.socket.on("drain", go);
    go();
    return () => sent - this.socket.writableLength;
  }
}

function echo(moved: (bytes: number) => void, gate: Promise<void>): JsHandler {
  return async (it, request, out) => {
    await gate;
    const from = it.ok("[method]incoming-body.stream", it.ok("[method]incoming-request.consume", request));
    const body = it.respond(out, { fields: [["content-length", String(total)]] });
    const to = it.ok("[method]outgoing-body.write", body);
    for (;;) {
      const result = await it.wait("[method]output-stream.blocking-splice", to, from, 1n << 40n);
      if (result.tag === "err") break;
      moved(Number(result.val));
    }
    it.drop(to);
    it.ok("[static]outgoing-body.finish", body, undefined);
  };
}

test("HandlerGuest takes no more of a body than the guest reads", async () => {
  const gate = Promise.withResolvers<void>();
  let bytes = 0;
  rig.serve(
    echo((count) => {
      bytes += count;
    }, gate.promise),
  );
  const client = new SlowClient(rig.port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
  const taken = client.pour(total);
  assert.ok((await settled(taken)) < heldMax);
  gate.resolve();
  await client.readAll(total);
  assert.equal(bytes, total);
  client.socket.destroy();
});

test("HandlerGuest holds no more of an answer than the client is behind", async () => {
  let bytes = 0;
  rig.serve(
    echo((count) => {
      bytes += count;
    }, Promise.resolve()),
  );
  const client = new SlowClient(rig.port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
  client.pour(total);
  assert.ok((await settled(() => bytes)) < heldMax);
  await client.readAll(total);
  assert.equal(bytes, total);
  client.socket.destroy();
});

test("HandlerGuest gives a guest that writes to a slow client no more room than there is", async () => {
  let written = 0;
  rig.serve(async (it, _, out) => {
    const stream = it.ok("[method]outgoing-body.write", it.respond(out));
    const piece = new Uint8Array(64 * 1024);
    while (written < total) {
      const room = Number(it.ok("[method]output-stream.check-write", stream));
      if (room === 0) {
        await it.block("output-stream", stream);
        continue;
      }
      it.ok("[method]output-stream.write", stream, piece.subarray(0, room));
      written += room;
    }
  });
  const client = new SlowClient(rig.port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.ok((await settled(() => written)) < heldMax);
  client.socket.destroy();
});

test("HandlerGuest sends all of what a guest writes in small pieces", async () => {
  const text = Array.from({ length: 50_000 }, (_, index) => `${index}\n`).join("");
  rig.serve(async (it, _, out) => {
    const body = it.respond(out);
    const stream = it.ok("[method]outgoing-body.write", body);
    // No divisor of what a stream holds: pieces are cut where it is full.
    for (let at = 0; at < text.length; at += 3001) {
      const piece = Buffer.from(text.slice(at, at + 3001));
      await it.waitOk("[method]output-stream.blocking-write-and-flush", stream, piece);
      piece.fill(0);
    }
    it.drop(stream);
    it.ok("[static]outgoing-body.finish", body, undefined);
  });
  const response = await fetch(`http://127.0.0.1:${rig.port}/`);
  assert.equal(await response.text(), text);
});
