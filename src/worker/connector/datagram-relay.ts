import { createSocket, type Socket as UdpSocket } from "node:dgram";
import type { Socket } from "node:net";
import { formatAddress } from "../../base/address.ts";
import { formatIp, isIpv4, parseIp } from "../../base/ip.ts";
import { encodeFrame, type Frame, FrameReader, frameKind } from "./datagram-frames.ts";
import type { Permit } from "./permit.ts";

/** Bytes that wait, for the kernel or for the worker; more are dropped, as a full socket buffer would. */
const queueBytesMax = 64 * 1024;
/** Whom answers are taken from; the one not sent to for longest is forgotten first. */
const peersMax = 1024;

/**
 * One UDP port of the host for one socket of a guest. Datagrams pass through here, because nothing keeps a process that holds
 * a UDP socket, connected or not, from naming any other address with each datagram (udp(7)).
 */
export class DatagramRelay {
  readonly #stream: Socket;
  readonly #permit: Permit;
  readonly #reader = new FrameReader();
  /** By family; a guest that sends to one needs one. */
  readonly #sockets = new Map<4 | 6, UdpSocket>();
  readonly #peers = new Set<string>();

  constructor(stream: Socket, permit: Permit) {
    this.#stream = stream;
    this.#permit = permit;
    permit.addPort(stream);
    stream.on("data", (chunk: Buffer) => {
      for (const frame of this.#reader.push(chunk)) this.#send(frame);
    });
    stream.on("error", () => {});
    stream.on("end", () => stream.destroy());
    stream.on("close", () => {
      for (const socket of this.#sockets.values()) socket.close();
    });
  }

  #send({ ip: bytes, port, data }: Frame): void {
    const ip = formatIp(bytes);
    if (!this.#permit.policy.mayReach("udp", { ip, port })) {
      this.#tell({ kind: frameKind.refused, ip: bytes, port, data: new Uint8Array(0) });
      return;
    }
    const socket = this.#socket(isIpv4(bytes) ? 4 : 6);
    if (socket === undefined || socket.getSendQueueSize() + data.length > queueBytesMax) return;
    this.#remember(formatAddress({ ip, port }));
    socket.send(data, port, ip, noError);
  }

  #socket(family: 4 | 6): UdpSocket | undefined {
    const known = this.#sockets.get(family);
    if (known !== undefined || this.#stream.destroyed) return known;
    const socket = createSocket(`udp${family}`);
    this.#sockets.set(family, socket);
    // What could not be sent is lost, as datagrams may be.
    socket.on("error", () => {});
    socket.on("message", (data, { address, port }) => {
      const bytes = parseIp(address);
      if (bytes === undefined || !this.#peers.has(formatAddress({ ip: formatIp(bytes), port }))) return;
      this.#tell({ kind: frameKind.datagram, ip: bytes, port, data });
    });
    return socket;
  }

  #tell(frame: Frame): void {
    if (this.#stream.destroyed || this.#stream.writableLength > queueBytesMax) return;
    this.#stream.write(encodeFrame(frame));
  }

  #remember(peer: string): void {
    this.#peers.delete(peer);
    if (this.#peers.size >= peersMax) {
      const [oldest] = this.#peers;
      this.#peers.delete(oldest as string);
    }
    this.#peers.add(peer);
  }
}

function noError(): void {}
