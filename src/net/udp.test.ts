import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type { Socket } from "node:net";
import { test } from "node:test";
import type { Address } from "../base/address.ts";
import { Front } from "./front.ts";
import { socketHandle } from "./socket-handle.ts";
import type { DatagramTarget } from "./target.ts";
import { dupFd, newActivity } from "./test-rig.ts";

async function boundFd(type: "udp4" | "udp6", host: string): Promise<{ fd: number; port: number }> {
  const socket = createSocket(type);
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  const { port } = socket.address();
  const fd = dupFd((socket as unknown as { _handle?: { fd: number } })._handle?.fd ?? internalHandle(socket).fd);
  await new Promise<void>((resolve) => socket.close(resolve));
  return { fd, port };
}

/** dgram keeps its handle behind a symbol. */
function internalHandle(socket: object): { fd: number } {
  const symbol = Object.getOwnPropertySymbols(socket).find((key) => key.description === "state symbol")!;
  return socketHandle({
    _handle: (socket as Record<symbol, { handle: unknown }>)[symbol]!.handle,
  } as unknown as Socket)!;
}

const families = [
  ["udp4", 4, "127.0.0.1", "127.0.0.1"],
  ["udp6", 6, "::1", "::1"],
] as const;
for (const [type, family, host, seenIp] of families) {
  test(`UdpListener delivers datagrams and replies from its own address: ${type}`, async () => {
    const front = new Front();
    const { fd, port } = await boundFd(type, host);
    const from: Address[] = [];
    const target: DatagramTarget = {
      activity: newActivity(),
      deliver(data, sender, reply) {
        from.push(sender);
        reply(Buffer.concat([Buffer.from("got "), data]), sender);
      },
    };
    const listener = await front.addUdpListener("udp", fd, family, target);
    const client = createSocket(type);
    const answer = new Promise<[string, number]>((resolve) => {
      client.on("message", (data, info) => resolve([data.toString(), info.port]));
    });
    client.send("ping", port, host);
    assert.deepEqual(await answer, ["got ping", port]);
    assert.equal(from[0]!.ip, seenIp);
    assert.equal(target.activity.requests, 1);
    client.close();
    listener.close();
    listener.close();
  });
}

for (const [bound, unbounded, expected] of [
  ["little more than three times what came", false, 3],
  ["whatever it is told to when replies have no bound", true, 21],
] as const) {
  test(`UdpListener sends ${bound}`, async () => {
    const front = new Front();
    const { fd, port } = await boundFd("udp4", "127.0.0.1");
    const target: DatagramTarget = {
      activity: newActivity(),
      deliver(data, sender, reply) {
        if (data.toString() === "end") reply(data, sender);
        else for (let i = 0; i < 20; i++) reply(Buffer.alloc(1000), sender);
      },
    };
    const listener = await front.addUdpListener("udp", fd, 4, target, unbounded);
    const client = createSocket("udp4");
    const sizes: number[] = [];
    const done = new Promise<void>((resolve) => {
      client.on("message", (data) => {
        sizes.push(data.length);
        if (data.length === 3) resolve();
      });
    });
    client.send("x", port, "127.0.0.1");
    client.send("end", port, "127.0.0.1");
    await done;
    assert.equal(sizes.length, expected);
    assert.equal(sizes.at(-1), 3);
    client.close();
    listener.close();
  });
}
