import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Conduit } from "../base/conduit.ts";
import { listeningFd, streamTarget, testFront, until } from "./test-rig.ts";

/** A guest that speaks just enough of RFC 6455 to send short messages and the close frame back. */
function echo(guest: Conduit): void {
  let bytes = Buffer.alloc(0);
  let open = false;
  guest.input.onReadable = () => {
    for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift())
      bytes = Buffer.concat([bytes, chunk]);
    if (!open) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      const key = /^Sec-WebSocket-Key: *(.*)\r$/im.exec(bytes.toString("latin1", 0, end + 2))?.[1];
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      guest.output.push(
        Buffer.from(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        ),
      );
      bytes = bytes.subarray(end + 4);
      open = true;
    }
    while (bytes.length >= 6 && bytes.length >= 6 + (bytes[1]! & 0x7f)) {
      const length = bytes[1]! & 0x7f;
      const frame = Buffer.alloc(2 + length);
      frame[0] = bytes[0]!;
      frame[1] = length;
      for (let at = 0; at < length; at++) frame[2 + at] = bytes[6 + at]! ^ bytes[2 + (at % 4)]!;
      guest.output.push(frame);
      if ((bytes[0]! & 0x0f) === 8) guest.output.end();
      bytes = bytes.subarray(6 + length);
    }
  };
}

test("Front carries a WebSocket of a real client", async () => {
  const front = testFront();
  const { fd, port } = await listeningFd();
  await front.addHttpListener("http", fd);
  const target = streamTarget(echo);
  front.router.set("it", [{ listener: "http", host: "localhost", target }]);
  const socket = new WebSocket(`ws://localhost:${port}/chat`);
  const messages: unknown[] = [];
  const closed = new Promise<void>((resolve, reject) => {
    socket.onopen = () => socket.send("one");
    socket.onmessage = ({ data }) => {
      messages.push(data);
      if (messages.length === 1) socket.send("two");
      else socket.close(1000);
    };
    socket.onerror = () => reject(new Error("the WebSocket failed"));
    socket.onclose = ({ code }) => (code === 1000 ? resolve() : reject(new Error(`closed with ${code}`)));
  });
  await closed;
  assert.deepEqual(messages, ["one", "two"]);
  await until(() => front.connections === 0);
  assert.equal(target.activity.active, 0);
  front.destroy();
});
