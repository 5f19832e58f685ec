import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Front } from "./front.ts";
import { accepted, refused, refusedBodies } from "./http1/request-corpus.ts";
import { smuggled, smuggling, smugglingBodies, unusual } from "./http1/smuggling-corpus.ts";
import { exchange, listeningFd, streamTarget } from "./test-rig.ts";

let front: Front;
let port: number;
/** All that the guest was sent, and how many of its connections were broken off. */
let seen = "";
let broken = 0;

const guest = streamTarget((conduit) => {
  let request = "";
  conduit.input.onReadable = () => {
    for (let chunk = conduit.input.shift(); chunk !== undefined; chunk = conduit.input.shift()) {
      seen += Buffer.from(chunk).toString("latin1");
      request += Buffer.from(chunk).toString("latin1");
    }
    if (conduit.input.failure !== undefined) broken++;
    else if (isWhole(request)) {
      request = "";
      conduit.output.push(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    }
  };
});

/** Whether this is all of a request, by the simplest of readings. */
function isWhole(request: string): boolean {
  const end = request.indexOf("\r\n\r\n") + 4;
  if (end < 4) return false;
  const head = request.slice(0, end);
  if (/\r\ntransfer-encoding:/i.test(head)) return /(?:^|\r\n)0+(?:;.*)?\r\n(?:.+\r\n)*\r\n$/.test(request.slice(end));
  return request.length >= end + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
}

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
  front.router.set("guest", [{ listener: "http", target: guest }]);
});
after(() => front.destroy());

function send(bytes: string): Promise<string> {
  seen = "";
  broken = 0;
  return exchange(port, Buffer.from(bytes, "latin1"));
}

const heads = [...refused.filter(([name]) => !name.includes("does not end") && !name.includes("hello")), ...smuggling];

test(`Front refuses ${heads.length} attacks by their head, ends the connection, and shows the guest none of it`, async () => {
  for (const [name, bytes, status] of heads) {
    const text = await send(bytes + smuggled);
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), name);
    assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1, name);
    assert.match(text, /\r\nConnection: close\r\n/, name);
    assert.equal(seen, "", name);
  }
});

const bodies = [...refusedBodies, ...smugglingBodies];

test(`Front refuses ${bodies.length} attacks by their body, and resets the guest's connection`, async () => {
  for (const [name, bytes] of bodies) {
    const text = await send(bytes + smuggled);
    assert.match(text, /^HTTP\/1\.1 400 /, `${name}: ${text}`);
    assert.equal(text.match(/^HTTP\/1\.1 /gm)?.length, 1, name);
    assert.ok(!seen.includes("smuggled"), name);
    assert.equal(broken, 1, name);
  }
});

const fine = [...accepted, ...unusual];

test(`Front passes ${fine.length} unusual requests on, and answers what follows them`, async () => {
  for (const [name, bytes, hidden] of fine as typeof unusual) {
    const old = bytes.includes(" HTTP/1.0\r\n");
    const text = await send(bytes + (old ? "" : "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    assert.equal(text.match(/^HTTP\/1\.1 200 /gm)?.length, old ? 1 : 2, `${name}: ${text}`);
    assert.equal(text.match(/^HTTP\/1\.1 [45]/gm), null, name);
    if (!old) assert.ok(seen.includes("GET /next HTTP/1.1"), name);
    if (hidden !== undefined) assert.doesNotMatch(seen, hidden, name);
  }
});
