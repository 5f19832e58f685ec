import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fixedAnswer } from "./answer.ts";
import { Front } from "./front.ts";
import { redirecting } from "./redirect.ts";
import { exchange, listeningFd } from "./test-rig.ts";

let front: Front;
let port: number;

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
  const fields = [["Content-Type", "text/html"]] as const;
  front.router.set("it", [
    { listener: "http", host: "old", target: redirecting("https://new.example", 308) },
    { listener: "http", host: "old", path: "/docs", target: redirecting("/manual", 302) },
    { listener: "http", host: "busy", target: fixedAnswer({ status: 503, fields, body: Buffer.from("back soön") }) },
    { listener: "http", host: "none", target: fixedAnswer({ status: 204, fields: [], body: Buffer.alloc(0) }) },
    {
      listener: "http",
      host: "bad",
      target: fixedAnswer({ status: 200, fields: [["X-A", "b\r\nC: d"]], body: Buffer.alloc(0) }),
    },
  ]);
});
after(() => front.destroy());

const last = "Connection: close\r\n\r\n";
const undated = (text: string): string => text.replaceAll(/Date: [^\r]+ GMT\r\n/g, "");

test("a route without a guest redirects, and the connection goes on", async () => {
  const text = await exchange(
    port,
    `GET /a?b HTTP/1.1\r\nHost: old\r\n\r\nPOST /docs/x HTTP/1.1\r\nHost: old\r\nContent-Length: 4\r\n\r\nbodyHEAD / HTTP/1.1\r\nHost: old\r\n${last}`,
  );
  assert.equal(
    undated(text),
    "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://new.example/a?b\r\nContent-Length: 0\r\n\r\n" +
      "HTTP/1.1 302 Found\r\nLocation: /manual/x\r\nContent-Length: 0\r\n\r\n" +
      "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://new.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
  );
});

test("a fixed answer has its length in bytes, no body for HEAD, and neither for 204", async () => {
  const head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 10\r\n";
  assert.equal(
    undated(await exchange(port, `GET / HTTP/1.1\r\nHost: busy\r\n\r\nHEAD / HTTP/1.1\r\nHost: busy\r\n${last}`)),
    `${head}\r\n${Buffer.from("back soön").toString("latin1")}${head}Connection: close\r\n\r\n`,
  );
  assert.equal(
    undated(await exchange(port, `GET / HTTP/1.1\r\nHost: none\r\n${last}`)),
    "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
  );
  assert.equal(
    undated(await exchange(port, "GET / HTTP/1.0\r\nHost: none\r\n\r\n")),
    "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
  );
});

test("an answer that waits for no body ends the connection of a client that waits for 100", async () => {
  const text = await exchange(
    port,
    "POST / HTTP/1.1\r\nHost: none\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
  );
  assert.match(text, /^HTTP\/1\.1 204 [\s\S]*Connection: close\r\n\r\n$/);
});

test("an answer that would break out of its line is a 500", async () => {
  assert.match(await exchange(port, `GET / HTTP/1.1\r\nHost: bad\r\n${last}`), /^HTTP\/1\.1 500 /);
});
