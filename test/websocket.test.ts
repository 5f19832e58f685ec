import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { closing, frame, readFrames } from "../src/net/websocket/test-frames.ts";
import { requireToolchain } from "./guests/build.ts";
import { buildGoGuest } from "./guests/go.ts";
import { TestDaemon } from "./support/daemon.ts";
import { open, readUntil } from "./support/raw.ts";

const host = "checked.example.com";
const opening = `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`;

test('websocket = "check": a Go server gets what is right, from whichever worker', async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  await daemon.deployBytes("checked", await buildGoGuest("go-services"), {
    args: ["http"],
    limits: { memory: "512MiB" },
    route: [{ host, port: 8080, websocket: "check" }],
  });

  /** Opens one, sends frames, and reads until the other side ends it. */
  const talk = async (bytes: Buffer): Promise<(string | number)[]> => {
    const socket = await open(daemon.port);
    try {
      socket.write(opening);
      const head = await readUntil(socket, "\r\n\r\n");
      assert.match(head, /^HTTP\/1\.1 101 .*\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/is);
      assert.doesNotMatch(head, /extensions/i);
      const chunks: Buffer[] = [Buffer.from(head.slice(head.indexOf("\r\n\r\n") + 4), "latin1")];
      socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
      const ended = once(socket, "end");
      socket.write(bytes);
      await ended;
      return readFrames(Buffer.concat(chunks)).frames.map(({ code, payload }) =>
        code === 8 ? payload.readUInt16BE(0) : payload.toString(),
      );
    } finally {
      socket.destroy();
    }
  };

  const form = { masked: true };
  // Connections come in at both workers; the guest lives in one of them.
  for (let round = 0; round < 6; round++) {
    const hello = Buffer.concat([
      frame(1, "hel", { ...form, final: false }),
      frame(9, "", form),
      frame(0, "lo", form),
      closing(1000, "", form),
    ]);
    assert.deepEqual(await talk(hello), ["", "you said hello", 1000]);
  }
  assert.deepEqual(await talk(frame(1, "x")), [1002]);
  assert.deepEqual(await talk(frame(1, Buffer.from([0xc0, 0x80]), form)), [1007]);
  assert.deepEqual(await talk(frame(2, "", { ...form, length: 2 ** 30, lengthBytes: 8 })), [1009]);
});
