import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { type Conduit, resetConduit } from "../base/conduit.ts";
import { Front } from "./front.ts";
import type { StreamTarget } from "./target.ts";
import { answering, Client, exchange, listeningFd, newActivity, ok, streamTarget, until } from "./test-rig.ts";

let front: Front;
let port: number;

before(async () => {
  front = new Front();
  const listening = await listeningFd();
  port = listening.port;
  await front.addHttpListener("http", listening.fd);
});
after(() => front.destroy());

function route(target: StreamTarget): void {
  front.router.set("it", [{ listener: "http", target }]);
}

/** The guest's end of the next connection, once it has read a request's head; what came with the head stays unread. */
function guestOnce(): Promise<Conduit> {
  const { promise, resolve } = Promise.withResolvers<Conduit>();
  route(
    streamTarget((guest) => {
      guest.input.onReadable = () => {
        guest.input.onReadable = undefined;
        const head = Buffer.from(guest.input.shift()!).toString("latin1");
        assert.ok(head.endsWith("\r\n\r\n"));
        resolve(guest);
      };
    }),
  );
  return promise;
}

test("Front passes server-sent events on one by one", async () => {
  const guest = guestOnce();
  const client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const { output } = await guest;
  output.push(Buffer.from("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"));
  await client.untilText("\r\n\r\n");
  for (let event = 0; event < 3; event++) {
    output.push(Buffer.from(`9\r\ndata: ${event}\n\n\r\n`));
    await client.untilText(`data: ${event}\n\n`);
  }
  client.socket.destroy();
});

test("Front breaks the guest's connection off when the client goes away", async () => {
  const waiting = guestOnce();
  const client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const guest = await waiting;
  guest.output.push(Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  await client.untilText("\r\n\r\n");
  const gone = new Promise<void>((resolve) => {
    guest.output.onWritable = resolve;
  });
  client.socket.resetAndDestroy();
  await gone;
  assert.equal(guest.output.cancelled, true);
  assert.equal(guest.input.failure?.code, "connection.reset");
});

test("Front tells the guest that the client has half-closed, and still passes its answer on", async () => {
  const waiting = guestOnce();
  const done = exchange(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", { half: true });
  const guest = await waiting;
  if (!guest.input.closed) {
    await new Promise<void>((resolve) => {
      guest.input.onReadable = resolve;
    });
  }
  assert.equal(guest.input.failure, undefined);
  guest.output.push(Buffer.from(ok("late")));
  assert.match(await done, /late$/);
});

test("Front passes 100 Continue before the body when the client waits for it", async () => {
  const waiting = guestOnce();
  const client = new Client(port);
  client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const guest = await waiting;
  await client.untilText("HTTP/1.1 100 Continue\r\n\r\n");
  const body = new Promise<string>((resolve) => {
    guest.input.onReadable = () => resolve(Buffer.from(guest.input.shift()!).toString());
  });
  client.send("hello");
  assert.equal(await body, "hello");
  guest.output.push(Buffer.from(ok("done")));
  await client.untilText("done");
  client.socket.destroy();
});

test("Front does not ask for a body that nobody will read", async () => {
  const text = await exchange(
    port,
    "PUT / HTTP/1.1\r\nHost: none@\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
  );
  assert.ok(text.startsWith("HTTP/1.1 400"));
  front.router.delete("it");
  const unknown = await exchange(
    port,
    "PUT / HTTP/1.1\r\nHost: none\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
  );
  assert.match(unknown, /^HTTP\/1\.1 404 .*\r\nConnection: close\r\n/s);
});

test("Front keeps the connection when the guest answers before a small body's end", async () => {
  const waiting = guestOnce();
  const client = new Client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  const guest = await waiting;
  guest.output.push(Buffer.from(ok("early")));
  await client.untilText("early");
  route(streamTarget(answering(() => ok("next"))));
  client.send("worldGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("next");
  assert.equal(guest.input.failure?.code, "connection.reset");
  client.socket.destroy();
});

test("Front ends the connection when too much of a body follows an early answer", async () => {
  const waiting = guestOnce();
  const client = new Client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  const guest = await waiting;
  guest.output.push(Buffer.from(ok("early")));
  await client.untilText("early");
  client.send("x".repeat(500_000));
  await client.until((it) => it.ended);
  client.socket.destroy();
});

test("Front passes an upgraded connection through both ways, and half-closes it both ways", async () => {
  const waiting = guestOnce();
  const client = new Client(port);
  client.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
  const guest = await waiting;
  guest.output.push(
    Buffer.from("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi"),
  );
  await client.untilText("\r\n\r\nhi");
  assert.match(
    client.text,
    /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhi$/,
  );
  let text = "";
  const ended = new Promise<void>((resolve) => {
    guest.input.onReadable = () => {
      for (let chunk = guest.input.shift(); chunk !== undefined; chunk = guest.input.shift()) {
        text += Buffer.from(chunk).toString();
        guest.output.push(chunk);
      }
      if (guest.input.finished) resolve();
    };
    guest.input.onReadable();
  });
  await client.untilText("hifirst");
  client.send("GET / HTTP/1.1\r\n\r\n");
  await client.untilText("GET / HTTP/1.1\r\n\r\n");
  client.socket.end();
  await ended;
  assert.equal(text, "firstGET / HTTP/1.1\r\n\r\n");
  guest.output.push(Buffer.from("bye"));
  guest.output.end();
  await client.untilText("bye");
  await client.untilClosed();
  assert.equal(client.error, undefined);
});

test("Front goes on with the next request when the guest declines an upgrade", async () => {
  route(streamTarget(answering((request) => ok(request.includes("Upgrade: x") ? "declined" : "next"))));
  const text = await exchange(
    port,
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  assert.match(text, /declined.*next$/s);
});

/** A guest that sends what it gets back, a chunk at a time, and never holds more than one. */
function echoTarget(seen: { bytesMax: number }): StreamTarget {
  return streamTarget((guest) => {
    const { input, output } = guest;
    let head = true;
    let pumping = false;
    const pump = () => {
      if (pumping) return;
      pumping = true;
      seen.bytesMax = Math.max(seen.bytesMax, input.bytes, output.bytes);
      while (output.writable) {
        const chunk = input.shift();
        if (chunk === undefined) break;
        if (head) {
          head = false;
          output.push(Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
        } else output.push(chunk);
      }
      pumping = false;
    };
    input.onReadable = pump;
    output.onWritable = pump;
  });
}

const bigBytes = Number(process.env.WARREN_BIG_BODY_BYTES ?? 128 * 1024 * 1024);
test(`Front passes a body of ${bigBytes} bytes through in both directions with bounded memory`, async () => {
  const seen = { bytesMax: 0 };
  route(echoTarget(seen));
  const sent = createHash("sha256");
  const got = createHash("sha256");
  let gotBytes = 0;
  const block = Buffer.alloc(256 * 1024);
  for (let at = 0; at < block.length; at++) block[at] = at * 31;
  await new Promise<void>((resolve, reject) => {
    const request = httpRequest(
      { port, host: "127.0.0.1", method: "POST", headers: { "transfer-encoding": "chunked" } },
      (response) => {
        response.on("data", (chunk: Buffer) => {
          got.update(chunk);
          gotBytes += chunk.length;
        });
        response.on("end", resolve);
      },
    );
    request.on("error", reject);
    let left = bigBytes;
    const write = () => {
      while (left > 0) {
        sent.update(block);
        left -= block.length;
        if (!request.write(block)) {
          request.once("drain", write);
          return;
        }
      }
      request.end();
    };
    write();
  });
  assert.equal(gotBytes, bigBytes);
  assert.equal(got.digest("hex"), sent.digest("hex"));
  // A flow's bound and one read of a socket, which cannot be taken back.
  assert.ok(seen.bytesMax <= 2 * 64 * 1024, `${seen.bytesMax} bytes waited in a flow`);
});

test("Front keeps the order of what a guest pushes as soon as there is room", async () => {
  const waiting = guestOnce();
  const client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const { output } = await waiting;
  // The client's buffers fill up first, so that room comes only while the front takes a chunk.
  client.socket.pause();
  const count = 20_000;
  const line = (index: number) => `${`${index}`.padStart(999, ".")}\n`;
  output.push(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${count * 1000}\r\n\r\n`));
  let next = 0;
  const push = () => {
    while (next < count && output.writable) output.push(Buffer.from(line(next++)));
  };
  output.onWritable = push;
  push();
  await until(() => !output.writable);
  client.socket.resume();
  await client.until((it) => it.text.length >= count * 1000 + 44);
  assert.equal(
    client.text.slice(client.text.indexOf("\r\n\r\n") + 4),
    Array.from({ length: count }, (_, index) => line(index)).join(""),
  );
  client.socket.destroy();
});

test("Front stops reading from a client whose guest does not read", async () => {
  const waiting = guestOnce();
  const client = new Client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  const guest = await waiting;
  let bytes = 0;
  const block = Buffer.alloc(64 * 1024);
  // The kernel's buffers and the flow fill up, then nothing moves: the client's socket says so.
  await new Promise<void>((resolve) => {
    const write = () => {
      while (client.socket.write(block)) bytes += block.length;
      const stuck = setTimeout(resolve, 300);
      client.socket.once("drain", () => {
        clearTimeout(stuck);
        write();
      });
    };
    write();
  });
  assert.ok(bytes < 50_000_000);
  assert.ok(guest.input.bytes <= 2 * 64 * 1024, `${guest.input.bytes} bytes wait`);
  const more = new Promise((resolve) => client.socket.once("drain", resolve));
  guest.input.onReadable = () => drainInput(guest);
  drainInput(guest);
  await more;
  client.socket.destroy();
});

function drainInput(guest: Conduit): void {
  while (guest.input.shift() !== undefined);
}

test("Front stops reading from a guest whose client does not read", async () => {
  const waiting = guestOnce();
  const client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const guest = await waiting;
  guest.output.push(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"));
  await client.untilText("\r\n\r\n");
  client.socket.pause();
  let bytes = 0;
  for (let idle = 0; idle < 5; ) {
    if (guest.output.writable) {
      idle = 0;
      guest.output.push(Buffer.alloc(32 * 1024));
      bytes += 32 * 1024;
    } else idle++;
    await new Promise((resolve) => setTimeout(resolve, guest.output.writable ? 0 : 20));
  }
  assert.ok(bytes < 50_000_000);
  assert.ok(guest.output.bytes <= 96 * 1024);
  const writable = new Promise<void>((resolve) => {
    guest.output.onWritable = resolve;
  });
  client.socket.resume();
  await writable;
  resetConduit(guest);
  await client.untilClosed();
});

test("Front holds a bounded part of what a client pipelines", async () => {
  const target = streamTarget(() => {});
  route(target);
  const client = new Client(port);
  const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
  let bytes = 0;
  await new Promise<void>((resolve) => {
    const write = () => {
      while (client.socket.write(request)) bytes += request.length;
      const stuck = setTimeout(resolve, 300);
      client.socket.once("drain", () => {
        clearTimeout(stuck);
        write();
      });
    };
    write();
  });
  assert.ok(bytes < 50_000_000);
  assert.equal(target.activity.requests, 1);
  client.socket.destroy();
});

test("Front lets pipelined requests wait for a client that does not read its answers", async () => {
  const target = streamTarget(answering(() => ok("x".repeat(100_000))));
  route(target);
  const client = new Client(port);
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2000));
  await new Promise<void>((resolve) => {
    let last = -1;
    const look = () => {
      if (target.activity.requests === last && last > 0) resolve();
      else setTimeout(look, 200);
      last = target.activity.requests;
    };
    look();
  });
  assert.ok(target.activity.requests < 1000, `${target.activity.requests} answers were made`);
  client.socket.resume();
  await client.until(() => target.activity.requests === 2000);
  client.socket.destroy();
});

test("Front counts what is in flight and tells when a target is idle", async () => {
  const waiting = guestOnce();
  const client = new Client(port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const guest = await waiting;
  const { activity } = front.router.match("http", "a", "/", false, "")!.target as StreamTarget;
  assert.deepEqual([activity.requests, activity.active], [1, 1]);
  const idle = new Promise<void>((resolve) => {
    activity.onIdle = resolve;
  });
  guest.output.push(Buffer.from(ok("x")));
  await idle;
  assert.deepEqual([activity.requests, activity.active], [1, 0]);
  client.socket.destroy();
});

test("Front.retire() closes a guest's idle connections, and busy ones after their answer", async () => {
  const guests: Conduit[] = [];
  const target: StreamTarget = {
    ...streamTarget((guest) => guests.push(guest)),
    activity: newActivity(),
  };
  route(target);
  const clients = [new Client(port), new Client(port)];
  const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const [index, client] of clients.entries()) {
    client.send(get);
    await until(() => guests.length > index);
  }
  guests[0]!.output.push(Buffer.from(ok("one")));
  await clients[0]!.untilText("one");
  assert.equal(guests[0]!.input.closed, false);
  front.retire(target);
  assert.deepEqual([guests[0]!.input.closed, guests[1]!.input.closed], [true, false]);
  guests[1]!.output.push(Buffer.from(ok("two")));
  await clients[1]!.untilText("two");
  assert.equal(guests[1]!.input.closed, true);
  assert.equal(guests[1]!.input.failure, undefined);
  for (const client of clients) client.socket.destroy();
});
