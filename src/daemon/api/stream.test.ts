import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { fastify } from "fastify";
import { LineStreams } from "./stream.ts";

it("LineStreams reads its source no faster than the client, and stops it when the client goes", async () => {
  const streams = new LineStreams();
  const app = fastify();
  const stopped = Promise.withResolvers<void>();
  let produced = 0;
  app.get("/lines", (_request, reply) =>
    streams.send(reply, async function* () {
      try {
        for (;;) {
          produced++;
          yield [{ text: "x".repeat(64 * 1024) }];
        }
      } finally {
        stopped.resolve();
      }
    }),
  );
  app.get("/ping", async () => "pong");
  await app.listen({ port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const fetchOne = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => get({ port, path, agent: false }, resolve).on("error", reject));
  const answer = await fetchOne("/lines");
  // The source is endless: without backpressure these would never get their turn, or find hundreds of megabytes.
  for (let count = 0; count < 100; count++) (await fetchOne("/ping")).resume();
  const held = produced;
  for (let count = 0; count < 100; count++) (await fetchOne("/ping")).resume();
  assert.equal(produced, held);
  // 64 KiB each; sockets of the loopback hold some megabytes.
  assert.ok(held < 300, String(held));
  answer.destroy();
  await once(answer, "close");
  await stopped.promise;
  await app.close();
});
