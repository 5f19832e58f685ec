import assert from "node:assert/strict";
import { createSocket, type Socket, type SocketType } from "node:dgram";
import { after, test } from "node:test";
import type { Address } from "../base/address.ts";
import { bindUdp, boundAddress } from "../base/native-socket.ts";
import type { DatagramTarget } from "./target.ts";
import { newActivity, testFront, within } from "./test-rig.ts";

/** Answers with what is returned, each on its own. */
function target(answers: (text: string) => Uint8Array[], from: Address[] = []): DatagramTarget {
  return {
    activity: newActivity(),
    deliver(data, peer) {
      from.push(peer.address);
      for (const answer of answers(Buffer.from(data).toString())) peer.send(answer);
    },
  };
}

/** A socket that ends with its test. */
function udpClient(type: SocketType): Socket {
  const client = createSocket(type);
  after(() => client.close());
  return client;
}

/** Sends one datagram from a socket that hears of no other address, and gives what comes back to it. */
function askFrom(type: SocketType, host: string, port: number, text: string): Promise<string> {
  const client = udpClient(type);
  const answered = new Promise<string>((resolve, reject) => {
    client.on("message", (data) => resolve(data.toString()));
    client.on("error", reject);
    // What its types leave out: an address that cannot be reached is told here.
    const connected = (error?: Error): void => (error === undefined ? client.send(text) : reject(error));
    client.connect(port, host, connected as () => void);
  });
  return within(answered, () => "an answer");
}

for (const [type, bound, dialled] of [
  ["udp4", "127.0.0.1", "127.0.0.1"],
  ["udp4", "0.0.0.0", "127.0.0.2"],
  ["udp4", "0.0.0.0", "127.0.0.3"],
  ["udp6", "::1", "::1"],
  ["udp6", "::", "::1"],
] as const) {
  test(`UdpListener on ${bound} answers from ${dialled}, where that was dialled`, async () => {
    const front = testFront();
    const fd = bindUdp({ ip: bound, port: 0 });
    const { port } = boundAddress(fd);
    const from: Address[] = [];
    const guest = target((text) => [Buffer.from(`got ${text}`)], from);
    const listener = front.addUdpListener("udp", fd, guest);
    assert.equal(await askFrom(type, dialled, port, "ping"), "got ping");
    assert.equal(from[0]!.ip, type === "udp4" ? "127.0.0.1" : "::1");
    assert.equal(guest.activity.requests, 1);
    assert.equal(listener.flows, 1);
    listener.close();
    listener.close();
    assert.equal(listener.flows, 0);
  });
}

test("UdpListener passes empty datagrams and the largest", async () => {
  const front = testFront();
  const fd = bindUdp({ ip: "127.0.0.1", port: 0 });
  const { port } = boundAddress(fd);
  const listener = front.addUdpListener(
    "udp",
    fd,
    target((text) => [Buffer.from(text)]),
  );
  for (const length of [0, 1, 65_507])
    assert.equal((await askFrom("udp4", "127.0.0.1", port, "x".repeat(length))).length, length);
  listener.close();
});

test("UdpListener takes more datagrams than it receives at a time, in order", async () => {
  const front = testFront();
  const fd = bindUdp({ ip: "127.0.0.1", port: 0 });
  const { port } = boundAddress(fd);
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = front.addUdpListener(
    "udp",
    fd,
    target((text) => {
      seen.push(text);
      if (text === "99") resolve();
      return [];
    }),
  );
  const client = udpClient("udp4");
  for (let i = 0; i < 100; i++) client.send(String(i), port, "127.0.0.1");
  await within(promise, () => `the last of 100, after ${seen.length}`);
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, i) => String(i)),
  );
  listener.close();
});

for (const [bound, unboundedReplies, expected] of [
  ["little more than three times what came", false, 3],
  ["whatever it is told to when replies have no bound", true, 21],
] as const) {
  test(`UdpListener sends ${bound}`, async () => {
    const front = testFront();
    const fd = bindUdp({ ip: "127.0.0.1", port: 0 });
    const { port } = boundAddress(fd);
    const guest = target((text) =>
      text === "end" ? [Buffer.from(text)] : Array.from({ length: 20 }, () => Buffer.alloc(1000)),
    );
    const listener = front.addUdpListener("udp", fd, guest, { unboundedReplies });
    const client = udpClient("udp4");
    const sizes: number[] = [];
    const done = new Promise<void>((resolve) => {
      client.on("message", (data) => {
        sizes.push(data.length);
        if (data.length === 3) resolve();
      });
    });
    client.send("x", port, "127.0.0.1");
    client.send("end", port, "127.0.0.1");
    await within(done, () => `the end, after ${sizes}`);
    assert.equal(sizes.length, expected);
    assert.equal(sizes.at(-1), 3);
    listener.close();
  });
}
