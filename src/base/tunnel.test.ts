import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { type Conduit, conduitPair, resetConduit } from "./conduit.ts";
import { Tunnel } from "./tunnel.ts";

/** A connection of the guest's to a server of the host's: both ends. */
async function tunnel(): Promise<{ guest: Conduit; server: Socket; done: Promise<void>; close(): void }> {
  const listening = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const accepted = new Promise<Socket>((resolve) => listening.once("connection", resolve));
  const { port } = listening.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  const [guest, far] = conduitPair({ ip: "127.0.0.1", port: 1 }, { ip: "127.0.0.1", port });
  const { promise: done, resolve } = Promise.withResolvers<void>();
  new Tunnel(socket, far, resolve).start(undefined);
  const server = await accepted;
  return { guest, server, done, close: () => listening.close() };
}

test("Tunnel resets and closes the socket of a connection that the guest breaks off", async () => {
  for (const ended of [false, true]) {
    const { guest, server, done, close } = await tunnel();
    guest.output.push(Buffer.from("half"));
    if (ended) guest.output.end();
    const closed = new Promise((resolve) => {
      server.on("error", () => {});
      server.once("close", resolve);
    });
    await new Promise((resolve) => server.once("data", resolve));
    server.on("end", () => server.end());
    resetConduit(guest);
    // It never is when Node is asked to reset a socket that it is shutting down.
    await done;
    await closed;
    close();
  }
});

test("Tunnel closes a socket in order once the guest has closed both ways", async () => {
  const { guest, server, done, close } = await tunnel();
  let text = "";
  server.on("data", (chunk) => {
    text += chunk;
  });
  server.on("end", () => server.end());
  guest.output.push(Buffer.from("all"));
  guest.output.end();
  guest.input.cancel();
  await done;
  while (!server.readableEnded) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(text, "all");
  close();
});
