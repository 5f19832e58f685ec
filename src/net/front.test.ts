import assert from "node:assert/strict";
import { Agent, request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { Front } from "./front.ts";
import { refused, refusedBodies } from "./http1/request-corpus.ts";
import { answering, Client, exchange, listeningFd, ok, streamTarget } from "./test-rig.ts";

let front: Front;
let port: number;
const echo = streamTarget(answering((request) => ok(request)));

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
  front.router.set("echo", [{ listener: "http", host: "a", target: echo }]);
  for (const name of ["one", "two"]) {
    front.router.set(name, [
      { listener: "http", host: `${name}.test`, target: streamTarget(answering(() => ok(name))) },
    ]);
  }
  front.router.set("wrong", [
    {
      listener: "http",
      host: "wrong.test",
      target: streamTarget(
        answering((request) => decodeURIComponent(request.slice(request.indexOf("?") + 1, request.indexOf(" HTTP/")))),
      ),
    },
  ]);
});
after(() => front.destroy());

const close = "Connection: close\r\n\r\n";

test("Front passes a request and its answer on", async () => {
  const text = await exchange(
    port,
    `POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Forwarded-For: 1.2.3.4\r\n${close}hello`,
  );
  const guest = `POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nX-Request-Id: ID\r\n\r\nhello`;
  const id = /X-Request-Id: ([0-9a-f]{32})\r\n/.exec(text)?.[1] ?? "";
  assert.equal(
    text
      .replace(id, "ID")
      .replace(/^Date: .*GMT\r\n/m, "")
      .replace(/Length: [0-9]+\r\nConn/, `Length: ${guest.length}\r\nConn`),
    `HTTP/1.1 200 OK\r\nContent-Length: ${guest.length}\r\nConnection: close\r\n\r\n${guest}`,
  );
});

for (const [name, bytes, status] of refused) {
  test(`Front answers ${status} and ends the connection: ${name}`, async () => {
    const before = echo.activity.requests;
    const text = await exchange(port, Buffer.from(bytes, "latin1"));
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1);
    assert.match(text, /\r\nConnection: close\r\n/);
    assert.equal(echo.activity.requests, before);
  });
}

for (const [name, bytes] of refusedBodies) {
  test(`Front answers 400 and ends the connection: ${name}`, async () => {
    // The answer of the echo never comes before its body's end, so the 400 is the only one.
    front.router.set("silent", [{ listener: "http", host: "silent", target: streamTarget(() => {}) }]);
    const text = await exchange(port, Buffer.from(bytes.replace("Host: a\r\n", "Host: silent\r\n"), "latin1"));
    assert.match(text, /^HTTP\/1\.1 400 /);
    assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1);
  });
}

test("Front routes each request of a connection by its own Host", async () => {
  const client = new Client(port);
  for (const name of ["one", "two", "one", "none", "two"]) {
    client.text = "";
    client.send(`GET / HTTP/1.1\r\nHost: ${name}.test\r\n\r\n`);
    await client.untilText(name === "none" ? "(route.unknown)\n" : `\r\n\r\n${name}`);
  }
  client.socket.destroy();
});

test("Front answers pipelined requests in order", async () => {
  const hosts = ["one", "two", "none", "two", "one"];
  const requests = hosts
    .map((name, index) => `GET / HTTP/1.1\r\nHost: ${name}.test\r\n${index === 4 ? close : "\r\n"}`)
    .join("");
  const text = await exchange(port, requests);
  assert.deepEqual(text.match(/(?<=\r\n\r\n)(one|two|no service)/g), ["one", "two", "no service", "two", "one"]);
});

test("Front takes requests byte by byte", async () => {
  const client = new Client(port);
  for (const byte of "POST / HTTP/1.1\r\nHost: one.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n") {
    await new Promise<void>((resolve) => void client.socket.write(byte, () => resolve()));
  }
  await client.untilText("one");
  client.socket.destroy();
});

const errors: readonly (readonly [name: string, fields: string, type: string, body: RegExp])[] = [
  ["text", "", "text/plain; charset=utf-8", /^no service is routed here \(route\.unknown\)\n$/],
  ["text for a browser", "Accept: text/html,*/*;q=0.8\r\n", "text/plain; charset=utf-8", /^no service/],
  [
    "JSON",
    "Accept: application/json\r\n",
    "application/problem+json",
    /^\{"title":"Not Found","status":404,"code":"route\.unknown","detail":"no service is routed here"\}\n$/,
  ],
  ["JSON by a suffix", "Accept: application/problem+json;q=0.9\r\n", "application/problem+json", /"route\.unknown"/],
];
for (const [name, fields, type, body] of errors) {
  test(`Front answers an unknown host with 404 as ${name}`, async () => {
    const text = await exchange(port, `GET /<script> HTTP/1.1\r\nHost: none.test\r\n${fields}${close}`);
    assert.ok(text.startsWith("HTTP/1.1 404 Not Found\r\n"));
    assert.ok(text.includes(`\r\nContent-Type: ${type}\r\n`));
    assert.match(text.slice(text.indexOf("\r\n\r\n") + 4), body);
    assert.ok(!text.includes("script") && !text.includes("none.test"));
  });
}

test("Front answers HEAD without a body, its own errors included", async () => {
  const text = await exchange(port, `HEAD / HTTP/1.1\r\nHost: none.test\r\n${close}`);
  assert.match(text, /^HTTP\/1\.1 404 .*\r\nContent-Length: 42\r\n.*\r\n\r\n$/s);
});

test("Front refuses a path that leaves its prefix, and ends the connection", async () => {
  front.router.set("prefixed", [{ listener: "http", host: "one.test", path: "/p", target: echo }]);
  assert.match(
    await exchange(port, "GET /p/%2e%2e/x HTTP/1.1\r\nHost: one.test\r\n\r\n"),
    /^HTTP\/1\.1 400 .*\(route\.path\)/s,
  );
  front.router.delete("prefixed");
});

const wrongAnswers: readonly (readonly [name: string, answer: string])[] = [
  ["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n"],
  ["a control character", "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"],
  ["something that is not HTTP", "SSH-2.0-x\r\n\r\n"],
  ["an upgrade nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
  ["a body that is wrong from the start", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello"],
  ["too many interim answers", "HTTP/1.1 100 Continue\r\n\r\n".repeat(20)],
];
for (const [name, answer] of wrongAnswers) {
  test(`Front answers 502 for a guest that answers with ${name}`, async () => {
    const text = await exchange(port, `GET /?${encodeURIComponent(answer)} HTTP/1.1\r\nHost: wrong.test\r\n${close}`);
    assert.match(text, /^HTTP\/1\.1 502 Bad Gateway\r\n.*\(service\.broken\)\n$/s);
  });
}

test("Front gives nobody what a guest says behind its answer", async () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  const get = `GET /?${encodeURIComponent(answer)} HTTP/1.1\r\nHost: wrong.test\r\n`;
  const text = await exchange(port, `${get}\r\n${get}${close}`);
  assert.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
  assert.ok(!text.includes("evil"));
});

test("Front reads no body behind a guest's answer to HEAD", async () => {
  const answer = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 100\r\n\r\n";
  const text = await exchange(
    port,
    `HEAD /?${encodeURIComponent(answer)} HTTP/1.1\r\nHost: wrong.test\r\n\r\nGET / HTTP/1.1\r\nHost: one.test\r\n${close}`,
  );
  assert.match(text, /^HTTP\/1\.1 200 OK\r\nDate: x\r\nContent-Length: 100\r\n\r\nHTTP\/1\.1 200 OK\r\n.*one$/s);
});

test("Front passes early hints on, and not to a client of HTTP/1.0", async () => {
  const answer = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 1\r\n\r\na";
  const path = `/?${encodeURIComponent(answer)}`;
  const modern = await exchange(port, `GET ${path} HTTP/1.1\r\nHost: wrong.test\r\n${close}`);
  assert.match(modern, /^HTTP\/1\.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  const old = await exchange(port, `GET ${path} HTTP/1.0\r\nHost: wrong.test\r\n\r\n`);
  assert.match(old, /^HTTP\/1\.1 200 OK\r\nDate: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\na$/);
});

test("Front gives a client of HTTP/1.0 a chunked answer without its chunks", async () => {
  const answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: y\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  const text = await exchange(port, `GET /?${encodeURIComponent(answer)} HTTP/1.0\r\nHost: wrong.test\r\n\r\n`);
  assert.equal(text, "HTTP/1.1 200 OK\r\nDate: y\r\nConnection: close\r\n\r\nabcde");
});

test("Front keeps a connection of HTTP/1.0 that asks for it", async () => {
  const client = new Client(port);
  for (let round = 0; round < 2; round++) {
    client.text = "";
    client.send("GET / HTTP/1.0\r\nHost: one.test\r\nConnection: keep-alive\r\n\r\n");
    await client.untilText("one");
    assert.match(client.text, /\r\nConnection: keep-alive\r\n/);
  }
  client.socket.destroy();
});

test("Front serves node:http's client with kept connections", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let round = 0; round < 5; round++) {
    const body = await new Promise<string>((resolve, reject) => {
      const request = httpRequest(
        { port, host: "127.0.0.1", agent, method: "POST", path: `/${round}`, headers: { host: "a" } },
        (response) => {
          let text = "";
          response.setEncoding("latin1");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => resolve(text));
        },
      );
      request.on("error", reject);
      request.setHeader("content-length", 4);
      request.end("body");
    });
    assert.match(body, new RegExp(`^POST /${round} HTTP/1.1\r\n.*\r\n\r\nbody$`, "s"));
  }
  agent.destroy();
});

test("Front answers a client that half-closes after its request", async () => {
  assert.match(await exchange(port, "GET / HTTP/1.1\r\nHost: one.test\r\n\r\n", { half: true }), /one$/);
});

test("Front ends the connection of a client that half-closes within a head", async () => {
  assert.equal(await exchange(port, "GET / HTTP/1.1\r\nHo", { half: true }), "");
});
