import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import { addressOf, DatagramPort, readPacketInfo, senderKey, sourceKey, writePacketInfo } from "./datagram-port.ts";
import { parseIp } from "./ip.ts";
import { bindUdp, boundAddress } from "./native-socket.ts";

/** `struct sockaddr_in` or `sockaddr_in6`. */
function socketName(ip: string, port: number): Buffer {
  const six = ip.includes(":");
  const name = Buffer.alloc(six ? 28 : 16);
  name.writeUInt16LE(six ? 10 : 2, 0);
  name.writeUInt16BE(port, 2);
  const bytes = parseIp(ip)!;
  name.set(six ? bytes : bytes.subarray(12), six ? 8 : 4);
  return name;
}

test("addressOf() reads addresses of both families, and IPv4 in IPv6 as IPv4", () => {
  for (const [written, read] of [
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
  ] as const)
    assert.deepEqual(addressOf(socketName(written, 53)), { ip: read, port: 53 });
});

test("readPacketInfo() reads what writePacketInfo() writes", () => {
  const control = Buffer.alloc(64);
  for (const local of [Buffer.of(192, 0, 2, 1), Buffer.from(parseIp("2001:db8::1")!)]) {
    const length = writePacketInfo(control, local);
    assert.deepEqual(readPacketInfo(control.subarray(0, length)), local);
  }
  assert.equal(writePacketInfo(control, Buffer.alloc(0)), 0);
  assert.equal(readPacketInfo(control.subarray(0, 0)).length, 0);
});

test("readPacketInfo() gives no multicast address, from which nothing can leave, and nothing of other messages", () => {
  const control = Buffer.alloc(64);
  const length = writePacketInfo(control, Buffer.from(parseIp("ff02::1")!));
  assert.equal(readPacketInfo(control.subarray(0, length)).length, 0);
  control.writeInt32LE(1, 8);
  assert.equal(readPacketInfo(control).length, 0);
});

test("senderKey() tells ports apart, sourceKey() neither ports nor addresses of one IPv6 network", () => {
  const same = (key: (name: Buffer) => string, a: [string, number], b: [string, number]): boolean =>
    key(socketName(...a)) === key(socketName(...b));
  assert.ok(same(senderKey, ["192.0.2.1", 1], ["192.0.2.1", 1]));
  assert.equal(same(senderKey, ["192.0.2.1", 1], ["192.0.2.1", 2]), false);
  assert.equal(same(senderKey, ["2001:db8::1", 1], ["2001:db8::2", 1]), false);
  assert.ok(same(sourceKey, ["192.0.2.1", 1], ["192.0.2.1", 2]));
  assert.equal(same(sourceKey, ["192.0.2.1", 1], ["192.0.2.2", 1]), false);
  assert.ok(same(sourceKey, ["2001:db8::1", 1], ["2001:db8::ffff:2", 2]));
  assert.equal(same(sourceKey, ["2001:db8:0:1::1", 1], ["2001:db8:0:2::1", 1]), false);
});

test("DatagramPort may be closed by whom it hands a datagram to; many come and go", async () => {
  for (let i = 0; i < 200; i++) {
    const fd = bindUdp({ ip: "127.0.0.1", port: 0 });
    const { port } = boundAddress(fd);
    const { promise, resolve } = Promise.withResolvers<number>();
    let taken = 0;
    const datagrams = new DatagramPort(fd, () => {
      taken++;
      datagrams.close();
      setImmediate(() => setImmediate(() => resolve(taken)));
    });
    const client = createSocket("udp4");
    for (let k = 0; k < 3; k++) client.send("x".repeat(k), port, "127.0.0.1");
    assert.equal(await promise, 1);
    assert.equal(
      datagrams.send(Buffer.from("late"), { remote: socketName("127.0.0.1", port), local: Buffer.alloc(0) }),
      false,
    );
    client.close();
  }
});

test("DatagramPort.send() says when the kernel does not take a datagram", () => {
  const fd = bindUdp({ ip: "127.0.0.1", port: 0 });
  const datagrams = new DatagramPort(fd, () => {});
  const ends = { remote: socketName("127.0.0.1", 9), local: Buffer.alloc(0) };
  assert.ok(datagrams.send(Buffer.alloc(65_507), ends));
  assert.equal(datagrams.send(Buffer.alloc(65_508), ends), false);
  assert.equal(datagrams.send(Buffer.alloc(70_000), ends), false);
  assert.equal(datagrams.send(Buffer.alloc(1), { ...ends, local: Buffer.of(203, 0, 113, 1) }), false);
  datagrams.close();
});
