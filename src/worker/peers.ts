import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { messageBytesMax, receiveDescriptors, sendDescriptors } from "../base/native-socket.ts";
import { formatPeerClient, parsePeerClient } from "../net/peer-client.ts";
import type { Passage } from "../net/target.ts";

/** A connection that another worker handed on, with what was read from it. */
export interface HandedConnection {
  readonly fd: number;
  readonly bytes: Buffer;
  readonly passage: Passage;
}

const retryMs = 2;
const retriesMax = 500;

/** On the bell: something lies in the lane. */
const knock = 0x21;
/** On the bell: one message was taken from the lane. */
const taken = 0x2e;

interface Peer {
  readonly lane: number;
  readonly bell: Socket;
  /** Those who wait to hear that their connection was taken, in the order of the lane. */
  readonly waiting: ((taken: boolean) => void)[];
}

/**
 * The other workers, for connections whose service lives there. Each pair shares a lane (SEQPACKET), on which a message
 * carries one connection's descriptor with the bytes read, and a bell: Node cannot poll the lane, so a byte on the bell's
 * stream says that something lies there. Measured at 34 µs a connection, and nothing for each request after it.
 *
 * What was taken is said before it is served, so a connection that a dying worker left in its lane can safely be given to
 * its successor.
 */
export class Peers {
  readonly #peers = new Map<string, Peer>();
  readonly #onConnection: (connection: HandedConnection) => void;

  constructor(onConnection: (connection: HandedConnection) => void) {
    this.#onConnection = onConnection;
  }

  add(id: string, lane: number, bellFd: number): void {
    this.remove(id);
    const bell = new Socket({ fd: bellFd, readable: true, writable: true });
    const peer: Peer = { lane, bell, waiting: [] };
    this.#peers.set(id, peer);
    bell.on("data", (bytes: Buffer) => {
      for (const byte of bytes) if (byte === taken) peer.waiting.shift()?.(true);
      if (bytes.includes(knock)) this.#receive(peer);
    });
    bell.on("error", () => {});
    bell.on("close", () => {
      if (this.#peers.get(id) === peer) this.#peers.delete(id);
      // What it sent before it went is still in the lane.
      this.#receive(peer);
      closeSync(lane);
      for (const tell of peer.waiting.splice(0)) tell(false);
    });
  }

  remove(id: string): void {
    this.#peers.get(id)?.bell.destroy();
    this.#peers.delete(id);
  }

  /**
   * Hands a connection on; `fd` stays the caller's, who keeps it open until this resolves. False when that worker is gone or
   * did not take it.
   */
  async send(
    id: string,
    fd: number,
    bytes: Uint8Array,
    { listener, passed, peer, service, ends }: Passage,
  ): Promise<boolean> {
    const whose = ends === undefined ? "" : ` ${formatPeerClient({ ...ends, scheme: "http" })}`;
    const head = Buffer.from(`${peer ? "front" : "client"} ${passed} ${listener} ${service ?? "-"}${whose}\n`);
    if (head.length + bytes.length > messageBytesMax) return false;
    for (let tries = 0; tries < retriesMax; tries++) {
      const peer = this.#peers.get(id);
      if (peer === undefined) return false;
      if (sendDescriptors(peer.lane, [fd], head, bytes)) {
        peer.bell.write(Buffer.of(knock));
        return new Promise((resolve) => peer.waiting.push(resolve));
      }
      // Its queue is full, or it has just died and its bell will say so.
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
    return false;
  }

  #receive({ lane, bell }: Peer): void {
    for (;;) {
      const message = receiveDescriptors(lane);
      if (message === undefined || message === "closed") return;
      bell.write(Buffer.of(taken));
      const [fd, ...rest] = message.fds;
      for (const extra of rest) closeSync(extra);
      if (fd === undefined) continue;
      const end = message.bytes.indexOf(10);
      const head = message.bytes.toString("utf8", 0, Math.max(end, 0));
      const passage = parsePassage(head);
      if (passage === undefined) closeSync(fd);
      else this.#onConnection({ fd, bytes: message.bytes.subarray(end + 1), passage });
    }
  }
}

/** Undefined for what no worker of ours says: it may have been taken over by its guest. */
function parsePassage(head: string): Passage | undefined {
  const pattern = /^(front|client) ([0-9]+) ([^ ]+) ([^ ]+)(?: (.+))?$/;
  const [, whose, passed, listener, service, client] = pattern.exec(head) ?? [];
  if (listener === undefined || service === undefined) return undefined;
  const passage = { listener, passed: Number(passed), peer: whose === "front", service };
  if (client === undefined) return passage;
  try {
    const { remote, local } = parsePeerClient(client);
    return { ...passage, ends: { remote, local } };
  } catch {
    return undefined;
  }
}
