import assert from "node:assert/strict";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { after, test } from "node:test";
import { createServer, type TlsOptions } from "node:tls";
import { makePair } from "../../../test/support/certificates.ts";
import { parseOutboundGrant } from "../../base/outbound-grant.ts";
import { Dialler } from "../sockets/dialler.ts";
import { directOutbound } from "../sockets/direct-outbound.ts";
import { VirtualNetwork } from "../sockets/virtual-network.ts";
import { HttpError } from "./http-error.ts";
import { openConnection } from "./open-connection.ts";

const closing: { close(): void }[] = [];
after(() => {
  for (const one of closing) one.close();
});

async function listen(server: ReturnType<typeof createServer> | ReturnType<typeof createTcp>): Promise<number> {
  closing.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A server of TLS that says hello, for one name. */
async function serve(name: string, options: TlsOptions = {}): Promise<{ port: number; ca: string }> {
  const { chain, key } = makePair([name]);
  const server = createServer({ cert: chain, key, ...options }, (socket) => socket.end("hello"));
  server.on("tlsClientError", () => {});
  return { port: await listen(server), ca: chain };
}

function open(host: string, port: number, ca?: string, signal: AbortSignal = new AbortController().signal) {
  const outbound = directOutbound([parseOutboundGrant(`127.0.0.1:${port}`), parseOutboundGrant(`${host}:${port}`)], {
    lookup: async () => ["127.0.0.1"],
  });
  const dialler = new Dialler(new VirtualNetwork(), outbound);
  return openConnection({ secure: true, host, port }, { dialler, signal, ca });
}

/** The error's code, and what is in it. */
function failing(opening: Promise<unknown>): Promise<string> {
  return opening.then(
    () => assert.fail("it was opened"),
    (error: unknown) => {
      assert.ok(error instanceof HttpError, String(error));
      return error.code.tag;
    },
  );
}

test("openConnection() speaks TLS with a server whose certificate is right", async () => {
  const { port, ca } = await serve("localhost.example");
  const connection = await open("localhost.example", port, ca);
  let text = "";
  for await (const chunk of connection) text += chunk;
  assert.equal(text, "hello");
});

test("openConnection() refuses a certificate of nobody it knows, or for another name", async () => {
  const { port, ca } = await serve("localhost.example");
  assert.equal(await failing(open("localhost.example", port)), "TLS-certificate-error");
  assert.equal(await failing(open("other.example", port, ca)), "TLS-certificate-error");
  assert.equal(await failing(open("127.0.0.1", port, ca)), "TLS-certificate-error");
});

test("openConnection() says what a server of TLS has against it, or that it is none", async () => {
  const { port, ca } = await serve("localhost.example", { maxVersion: "TLSv1.2", ciphers: "PSK" });
  const opening = open("localhost.example", port, ca);
  assert.equal(await failing(opening), "TLS-alert-received");
  await opening.catch(({ code }: HttpError) =>
    // RFC 8446 §6, handshake_failure.
    assert.equal((code.val as { alertId: number }).alertId, 40),
  );
  const plain = await listen(
    createTcp((socket) => socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n")),
  );
  assert.equal(await failing(open("localhost.example", plain, ca)), "TLS-protocol-error");
  const silent = await listen(createTcp((socket) => socket.destroy()));
  assert.equal(await failing(open("localhost.example", silent, ca)), "connection-terminated");
});

test("openConnection() ends the making of a connection that nobody wants any more", async () => {
  const sockets = new Set<unknown>();
  const port = await listen(
    createTcp((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.resume();
      socket.on("close", () => sockets.delete(socket));
    }),
  );
  const abort = new AbortController();
  const opening = failing(open("localhost.example", port, undefined, abort.signal));
  while (sockets.size === 0) await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  assert.equal(await opening, "connection-terminated");
  while (sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
});
