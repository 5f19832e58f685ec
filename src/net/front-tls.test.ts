import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { makePair } from "../../test/support/certificates.ts";
import { Front } from "./front.ts";
import { answering, Client, exchange, listeningFd, ok, streamTarget } from "./test-rig.ts";
import { passthroughKey } from "./tls/passthrough-key.ts";
import { clientHello } from "./tls/test-hello.ts";

let front: Front;
let plain: number;
let secure: number;
const listeners = ["http", "https"];
const raw = streamTarget((guest) => {
  guest.input.onReadable = () => {
    for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift()) guest.output.push(chunk);
    if (guest.input.finished) guest.output.end();
  };
});

before(async () => {
  front = new Front();
  const [http, https] = [await listeningFd(), await listeningFd()];
  plain = http.port;
  secure = https.port;
  await front.addHttpListener("http", http.fd);
  await front.addHttpsListener("https", https.fd);
  front.tls.addPort(secure);
  for (const name of ["known.test", "local.test"]) {
    const pair = makePair([name]);
    front.tls.certificates.addPair(name, pair);
    front.tls.certificates.setName(name, { id: name, known: name === "known.test" });
  }
  const target = streamTarget(answering((request) => ok(request)));
  front.router.set(
    "a/hsts",
    listeners.map((listener) => ({
      listener,
      host: "known.test",
      path: "/hsts",
      target,
      hsts: 600,
      tls: "off" as const,
    })),
  );
  const rules = (host: string, tls?: "off" | "only") =>
    listeners.map((listener) => ({ listener, host, target, ...(tls === undefined ? {} : { tls }) }));
  front.router.set("a/auto", [...rules("known.test"), ...rules("local.test"), ...rules("none.test")]);
  front.router.set(
    "a/off",
    rules("known.test", "off").map((rule) => ({ ...rule, path: "/off" })),
  );
  front.router.set(
    "a/only",
    rules("known.test", "only").map((rule) => ({ ...rule, path: "/only" })),
  );
  front.router.set(
    "a/raw",
    [...listeners, passthroughKey("https")].map((listener) => ({
      listener,
      host: "raw.test",
      target: raw,
      tls: "passthrough" as const,
    })),
  );
});
after(() => front.destroy());

function get(path: string, host: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
}

async function askSecurely(servername: string, request: string): Promise<string> {
  const socket = connect({ port: secure, host: "127.0.0.1", servername, rejectUnauthorized: false });
  socket.write(request);
  return (await socket.toArray()).join("");
}

test("Front redirects plain HTTP where the host has a certificate that clients know", async () => {
  const text = await exchange(plain, get("/a%20b/../c?d=e", "KNOWN.test:80"));
  assert.match(text, /^HTTP\/1\.1 308 /);
  assert.match(text, new RegExp(`\r\nLocation: https://known\\.test:${secure}/a%20b/\\.\\./c\\?d=e\r\n`));
  for (const host of ["local.test", "none.test"])
    assert.match(await exchange(plain, get("/", host)), /^HTTP\/1\.1 200 /);
});

test("Front serves routes with tls off by both, refuses plain HTTP for those with tls only", async () => {
  assert.match(await exchange(plain, get("/off", "known.test")), /^HTTP\/1\.1 200 /);
  assert.match(await exchange(plain, get("/only", "known.test")), /^HTTP\/1\.1 403 .*\(request\.plain\)\n$/s);
  for (const path of ["/off", "/only", "/"])
    assert.match(
      await askSecurely("known.test", get(path, "known.test")),
      /^HTTP\/1\.1 200 .*X-Forwarded-Proto: https/s,
    );
});

test("Front answers challenges of HTTP-01 before anything else, and only by plain HTTP", async () => {
  front.tls.challenges.setHttp("token", "token.thumbprint");
  const path = "/.well-known/acme-challenge/token";
  assert.match(await exchange(plain, get(path, "known.test")), /^HTTP\/1\.1 200 .*\r\n\r\ntoken\.thumbprint$/s);
  assert.match(await exchange(plain, get(path, "nobody.test")), /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(await askSecurely("known.test", get(path, "known.test")), /\r\n\r\ntoken\.thumbprint$/);
  front.tls.challenges.setHttp("token", "");
  assert.match(await exchange(plain, get(path, "known.test")), /^HTTP\/1\.1 308 /);
});

test("Front shows the certificate of TLS-ALPN-01 to those that offer its protocol, and to nobody else", async () => {
  front.tls.challenges.setAlpn("known.test", makePair(["challenge.test"]));
  const shown = async (ALPNProtocols: string[]): Promise<string> => {
    const options = { port: secure, host: "127.0.0.1", servername: "known.test", rejectUnauthorized: false };
    const socket = connect({ ...options, ALPNProtocols });
    await once(socket, "secureConnect");
    const names = socket.getPeerX509Certificate()?.subjectAltName ?? "";
    socket.destroy();
    return `${names} ${socket.alpnProtocol}`;
  };
  assert.equal(await shown(["acme-tls/1"]), "DNS:challenge.test acme-tls/1");
  assert.equal(await shown(["http/1.1"]), "DNS:known.test http/1.1");
  front.tls.challenges.setAlpn("known.test", undefined);
  await assert.rejects(shown(["acme-tls/1"]));
});

test("Front passes a connection on as it is where the hello names a guest that does TLS itself", async () => {
  const hello = await clientHello({ servername: "raw.test" });
  const client = new Client(secure);
  for (const byte of [hello.subarray(0, 3), hello.subarray(3, 100), hello.subarray(100)]) {
    client.socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.until(({ text }) => text.length >= hello.length);
  assert.equal(client.text, hello.toString("latin1"));
  client.send("and what follows");
  await client.untilText("and what follows");
  client.socket.end();
  await client.untilClosed();
});

test("Front never leads a request to a guest that does TLS itself", async () => {
  const before = raw.connections;
  assert.match(await exchange(plain, get("/", "raw.test")), /^HTTP\/1\.1 308 /);
  assert.match(await askSecurely("known.test", get("/", "raw.test")), /^HTTP\/1\.1 421 /);
  assert.equal(raw.connections, before);
});

test("Front answers a client that half-closes its connection over TLS", async () => {
  const socket = connect({ port: secure, host: "127.0.0.1", servername: "known.test", rejectUnauthorized: false });
  socket.end(get("/", "known.test"));
  assert.match((await socket.toArray()).join(""), /^HTTP\/1\.1 200 /);
});

test("Front takes no name without a certificate when there is none to show instead, and says so", async () => {
  const client = new Client(secure);
  client.socket.write(await clientHello({ servername: "unknown.test" }));
  await client.untilClosed();
  assert.equal(client.text, "\x15\x03\x01\x00\x02\x02\x70");
});

test("Front resumes sessions with the key that it is given, whichever certificate they began with", async () => {
  front.tls.setTicketKey(Buffer.alloc(48, 1));
  const begin = (session?: Buffer) => {
    const options = { port: secure, host: "127.0.0.1", servername: "known.test", rejectUnauthorized: false };
    return connect({ ...options, ...(session === undefined ? {} : { session }) });
  };
  const reused = async (session: Buffer): Promise<boolean> => {
    const socket = begin(session);
    await once(socket, "secureConnect");
    const result = socket.isSessionReused();
    socket.destroy();
    return result;
  };
  const first = begin();
  const [session] = (await once(first, "session")) as [Buffer];
  first.destroy();
  assert.equal(await reused(session), true);
  front.tls.setTicketKey(Buffer.alloc(48, 2));
  assert.equal(await reused(session), false);
});

test("Front tells clients over TLS to come that way only, where the route says so", async () => {
  const field = /\r\nStrict-Transport-Security: max-age=600\r\n/;
  assert.match(await askSecurely("known.test", get("/hsts", "known.test")), field);
  assert.doesNotMatch(await askSecurely("known.test", get("/", "known.test")), field);
  assert.doesNotMatch(await exchange(plain, get("/hsts", "known.test")), field);
});
