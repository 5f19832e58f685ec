import type { RemoteInfo, Socket } from "node:dgram";
import { type Address, formatAddress } from "../../base/address.ts";
import { systemCode } from "../../base/errors.ts";
import { errno, type Result } from "../errno.ts";
import { fromNodeError } from "../files/host-errno.ts";
import type { OutboundDatagrams, OutboundReceiver } from "./outbound.ts";

/** Bytes that wait for the kernel; more is refused until they have gone. */
const sendQueueBytesMax = 1024 * 1024;
/** Addresses whose answers are let in; the one not written to for longest is forgotten first. */
const peersMax = 1024;

type Family = 4 | 6;

/** Datagrams by sockets of this process, one for each family that is used. */
export class DirectDatagrams implements OutboundDatagrams {
  /** Called once. */
  onClose: (() => void) | undefined;
  readonly #receiver: OutboundReceiver;
  readonly #mayReach: (to: Address) => boolean;
  readonly #sockets = new Map<Family, Socket>();
  readonly #peers = new Set<string>();
  #queuedBytes = 0;
  #closed: boolean = false;

  constructor(receiver: OutboundReceiver, mayReach: (to: Address) => boolean) {
    this.#receiver = receiver;
    this.#mayReach = mayReach;
  }

  send(data: Uint8Array, to: Address): Result {
    if (this.#closed) return -errno.BADF;
    if (!this.#mayReach(to)) return -errno.ACCES;
    const socket = this.#socket(to.ip.includes(":") ? 6 : 4);
    if (this.#queuedBytes + data.length > sendQueueBytesMax) return -errno.AGAIN;
    this.#remember(formatAddress(to));
    this.#queuedBytes += data.length;
    socket.send(data, to.port, to.ip, (error) => {
      this.#queuedBytes -= data.length;
      if (error !== null && !this.#closed) this.#receiver.fail(systemCode(error) ? -fromNodeError(error) : errno.IO);
    });
    return 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const socket of this.#sockets.values()) socket.close();
    this.onClose?.();
  }

  #socket(family: Family): Socket {
    let socket = this.#sockets.get(family);
    if (socket !== undefined) return socket;
    // Not a static import: few programs come here.
    socket = process.getBuiltinModule("node:dgram").createSocket({
      type: family === 4 ? "udp4" : "udp6",
      ipv6Only: family === 6,
      // Addresses only come here: nothing is to be looked up.
      lookup: (host, _options, done) => done(null, host, family),
    });
    socket.on("error", () => {});
    socket.on("message", (data: Buffer, { address, port }: RemoteInfo) => {
      const from = { ip: address.split("%")[0]!, port };
      if (this.#peers.has(formatAddress(from))) this.#receiver.deliver(data, from);
    });
    this.#sockets.set(family, socket);
    return socket;
  }

  #remember(peer: string): void {
    this.#peers.delete(peer);
    if (this.#peers.size >= peersMax) {
      for (const oldest of this.#peers) {
        this.#peers.delete(oldest);
        break;
      }
    }
    this.#peers.add(peer);
  }
}
