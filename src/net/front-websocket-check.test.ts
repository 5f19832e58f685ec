import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import type { Conduit } from "../base/conduit.ts";
import { Front } from "./front.ts";
import { Client, exchange, listeningFd, streamTarget, until } from "./test-rig.ts";
import { Ticker } from "./ticker.ts";
import { closing, frame, readFrames } from "./websocket/test-frames.ts";

const key = "dGhlIHNhbXBsZSBub25jZQ==";
const opening = `GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n`;
const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

let front: Front;
let port: number;
let now = 0;
/** The guest's last connection, the request on it, and the bytes that came behind that. */
let guest: Conduit;
let request = "";
let got = Buffer.alloc(0);
/** What it answers a request with. */
let answer = "";
const logged: string[] = [];
const target = streamTarget((conduit) => {
  guest = conduit;
  request = "";
  got = Buffer.alloc(0);
  conduit.input.onReadable = () => {
    for (let chunk = conduit.input.shift(); chunk !== undefined; chunk = conduit.input.shift())
      got = Buffer.concat([got, chunk]);
    const end = request === "" ? got.indexOf("\r\n\r\n") : -1;
    if (end >= 0) {
      request = got.toString("latin1", 0, end + 4);
      got = got.subarray(end + 4);
      const sent = /^Sec-WebSocket-Key: *(.*)\r$/im.exec(request)?.[1];
      const right = createHash("sha1").update(`${sent}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      conduit.output.push(Buffer.from(answer.replace("RIGHT", right)));
    }
  };
});

before(async () => {
  front = new Front({
    ticker: new Ticker({ clock: () => now }),
    log: ({ code, message }) => void logged.push(`${code}: ${message}`),
  });
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
  front.router.set("it", [{ listener: "http", target, webSocket: "check" }]);
});
after(() => front.destroy());

const accepted = `${switching}Sec-WebSocket-Accept: RIGHT\r\n\r\n`;

/** A client whose WebSocket is open. What comes behind the answer's head is in {@link rest}. */
async function open(): Promise<Client> {
  answer = accepted;
  // The guest's connection may be one of before.
  request = "";
  got = Buffer.alloc(0);
  const client = new Client(port);
  client.send(`${opening}\r\n`);
  await client.untilText("\r\n\r\n");
  assert.match(client.text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  return client;
}

function rest(client: Client): Buffer {
  return Buffer.from(client.text.slice(client.text.indexOf("\r\n\r\n") + 4), "latin1");
}

function codes(bytes: Buffer): (string | number)[] {
  return readFrames(bytes).frames.map(({ code, payload }) =>
    code === 8 ? payload.readUInt16BE(0) : `${code}:${payload.toString()}`,
  );
}

test("A checked WebSocket of a real client is carried, and no extension is agreed on", async () => {
  answer = accepted;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  assert.doesNotMatch(request, /sec-websocket-extensions/i);
  assert.equal(socket.extensions, "");
  const long = "ä€𐍈".repeat(10_000);
  socket.send(long);
  socket.send("two");
  await until(() => readFrames(got).frames.length >= 2);
  assert.deepEqual(
    readFrames(got).frames.map(({ payload }) => payload.toString()),
    [long, "two"],
  );
  const heard = new Promise<string>((resolve) => {
    socket.onmessage = ({ data }) => resolve(data as string);
  });
  guest.output.push(frame(1, long));
  assert.equal(await heard, long);
  const closed = new Promise<CloseEvent>((resolve) => {
    socket.onclose = resolve;
  });
  guest.output.push(closing(4000, "enough"));
  const { code, reason, wasClean } = await closed;
  assert.deepEqual([code, reason, wasClean], [4000, "enough", true]);
});

const openings: readonly (readonly [name: string, from: RegExp, to: string, status: number])[] = [
  ["no key", /Sec-WebSocket-Key.*\r\n/, "", 400],
  ["two keys", /(Sec-WebSocket-Key.*\r\n)/, "$1$1", 400],
  ["a short key", /dGhlIHNh/, "", 400],
  ["a key that is not base64", /dGh/, "d*h", 400],
  ["POST", /GET/, "POST", 400],
  ["no version", /Sec-WebSocket-Version.*\r\n/, "", 426],
  ["version 8", /Version: 13/, "Version: 8", 426],
  ["two versions", /Version: 13/, "Version: 13, 8", 426],
];
for (const [name, from, to, status] of openings) {
  test(`Front answers ${status} to the opening of a checked WebSocket with ${name}`, async () => {
    const { requests } = target.activity;
    const text = await exchange(port, `${opening.replace(from, to)}\r\n`);
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} .*\r\nConnection: close\r\n`, "s"));
    if (status === 426) assert.match(text, /\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n/);
    assert.equal(target.activity.requests, requests);
  });
}

const answers: readonly (readonly [name: string, answer: string])[] = [
  ["no accept value", `${switching}\r\n`],
  ["another accept value", `${switching}Sec-WebSocket-Accept: ${key}\r\n\r\n`],
  ["two accept values", `${switching}Sec-WebSocket-Accept: RIGHT\r\nSec-WebSocket-Accept: RIGHT\r\n\r\n`],
  ["an extension", `${switching}Sec-WebSocket-Accept: RIGHT\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`],
  ["a subprotocol of its own", `${switching}Sec-WebSocket-Accept: RIGHT\r\nSec-WebSocket-Protocol: b\r\n\r\n`],
  ["another protocol", accepted.replace("websocket", "irc")],
];
for (const [name, wrong] of answers) {
  test(`Front answers 502 for a guest that opens a checked WebSocket with ${name}`, async () => {
    answer = wrong;
    const client = new Client(port);
    client.send(`${opening}Sec-WebSocket-Protocol: a, c\r\n\r\n`);
    await client.untilText("(service.broken)");
    assert.match(client.text, /^HTTP\/1\.1 502 /);
    client.socket.destroy();
  });
}

test("A subprotocol that was offered may be chosen, and a refusal passes", async () => {
  answer = accepted.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: c\r\n\r\n");
  const client = new Client(port);
  client.send(`${opening}Sec-WebSocket-Protocol: a, c\r\n\r\n`);
  await client.untilText("\r\nSec-WebSocket-Protocol: c\r\n");
  client.socket.destroy();
  answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
  assert.match(
    await exchange(port, `${opening.replace("Upgrade\r\n", "Upgrade, close\r\n")}\r\n`),
    /^HTTP\/1\.1 403 .*no$/s,
  );
});

test("Another protocol is not offered to a guest whose WebSockets are checked", async () => {
  answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  // The guest's connection may be one of before.
  request = "";
  const client = new Client(port);
  client.send(`${opening.replace("Upgrade: websocket", "Upgrade: websocket, irc")}\r\n`);
  await client.untilText("\r\n\r\n");
  assert.doesNotMatch(request, /upgrade/i);
  client.socket.destroy();
});

const violations: readonly (readonly [name: string, frames: (masked: boolean) => Buffer, code: number])[] = [
  ["the wrong masking", (masked) => frame(1, "x", { masked: !masked }), 1002],
  ["a reserved opcode", (masked) => frame(3, "x", { masked }), 1002],
  ["text that is not UTF-8", (masked) => frame(1, Buffer.from([0xff]), { masked }), 1007],
  ["a message that is too large", (masked) => frame(2, "", { masked, length: 2 ** 25, lengthBytes: 8 }), 1009],
];
for (const [name, frames, code] of violations) {
  test(`A client's ${name} closes both sides with ${code}`, async () => {
    const client = await open();
    client.socket.write(
      Buffer.concat([frame(1, "fine", { masked: true }), frames(true), frame(1, "late", { masked: true })]),
    );
    await client.until(() => client.ended);
    await until(() => guest.input.finished);
    assert.deepEqual([codes(got), codes(rest(client))], [["1:fine", code], [code]]);
    await client.untilClosed();
  });

  test(`A guest's ${name} closes both sides with ${code}`, async () => {
    const client = await open();
    logged.length = 0;
    guest.output.push(Buffer.concat([frame(1, "fine"), frames(false), frame(1, "late")]));
    await client.until(() => client.ended);
    await until(() => guest.input.finished);
    assert.deepEqual([codes(got), codes(rest(client))], [[code], ["1:fine", code]]);
    assert.match(logged.join(), /service\.websocket/);
    await client.untilClosed();
  });
}

test("A close frame of the front's waits for the end of the guest's frame", async () => {
  const client = await open();
  const long = frame(2, Buffer.alloc(1000, 0x61));
  guest.output.push(long.subarray(0, 500));
  await client.until(() => rest(client).length === 500);
  client.socket.write(frame(3, "", { masked: true }));
  await until(() => guest.input.finished);
  assert.equal(client.ended, false);
  guest.output.push(Buffer.concat([long.subarray(500), frame(1, "late")]));
  await client.until(() => client.ended);
  assert.deepEqual(codes(rest(client)), [`2:${"a".repeat(1000)}`, 1002]);
  await client.untilClosed();
});

test("A wrong frame whose beginning the guest has seen breaks its connection off", async () => {
  const client = await open();
  const text = frame(1, Buffer.from("aaaaaaaaaa\xff", "latin1"), { masked: true });
  client.socket.write(text.subarray(0, 12));
  await until(() => got.length === 12);
  client.socket.write(text.subarray(12));
  await until(() => guest.input.finished);
  assert.equal(guest.input.failure?.code, "connection.reset");
  await client.until(() => client.ended);
  assert.deepEqual(codes(rest(client)), [1007]);
  await client.untilClosed();
});

test("A silent client is pinged; its pong is the front's, and another is the guest's", async () => {
  const client = await open();
  now += 31_000;
  front.ticker.tick();
  await client.until(() => readFrames(rest(client)).frames.length === 1);
  const ping = readFrames(rest(client)).frames[0]!;
  assert.equal(ping.code, 9);
  client.socket.write(Buffer.concat([frame(10, "mine", { masked: true }), frame(10, ping.payload, { masked: true })]));
  client.socket.write(frame(1, "here", { masked: true }));
  await until(() => readFrames(got).frames.length === 2);
  assert.deepEqual(codes(got), ["10:mine", "1:here"]);
  now += 20_000;
  front.ticker.tick();
  now += 20_000;
  front.ticker.tick();
  await client.until(() => readFrames(rest(client)).frames.length === 2);
  assert.equal(front.connections, 1);
  client.socket.destroy();
  await until(() => guest.input.finished);
});

test("A client that does not answer a ping is given up, and the guest told", async () => {
  const client = await open();
  now += 31_000;
  front.ticker.tick();
  now += 31_000;
  front.ticker.tick();
  await until(() => guest.input.finished);
  assert.deepEqual(codes(got), [1001]);
  await client.untilClosed();
});

test("A client that stays after the front's close frame is cut off", async () => {
  const client = await open();
  client.socket.write(frame(3, "", { masked: true }));
  await client.until(() => client.ended);
  assert.equal(client.closed, false);
  now += 6_000;
  front.ticker.tick();
  await client.untilClosed();
  await until(() => front.connections === 0);
  assert.equal(target.activity.active, 0);
});
