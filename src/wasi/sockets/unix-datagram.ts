import { type Descriptor, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { gather } from "../gather.ts";
import { scatter } from "../scatter.ts";
import { DatagramQueue } from "./datagram-queue.ts";
import type { UnixName } from "./socket-name.ts";
import { SocketOptions } from "./socket-options.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

/** As Linux' default net.core.wmem_default, nearly. */
const datagramBytesMax = 212_992;

interface Received {
  readonly count: number;
  readonly from: UnixName;
  readonly truncated: boolean;
}

/**
 * A guest's datagram socket whose name is a path of its own network. Unlike UDP nothing is lost: who sends to one that is full
 * waits until it has received (unix(7)).
 */
export class UnixDatagramSocket implements Descriptor {
  readonly type = filetype.datagramSocket;
  readonly options: SocketOptions = new SocketOptions();
  flags = 0;
  wake: (() => void) | undefined;
  /** Network's: the name is free again. */
  onClose: (() => void) | undefined;
  readonly #network: VirtualNetwork;
  readonly #queue = new DatagramQueue<UnixName>();
  #name: UnixName | undefined;
  #connected: UnixName | undefined;
  /** Those that wait for room here. */
  readonly #senders = new Set<UnixDatagramSocket>();
  #readable: boolean = true;
  #writable: boolean = true;
  #closed: boolean = false;

  constructor(network: VirtualNetwork) {
    this.#network = network;
  }

  get local(): UnixName | undefined {
    return this.#name;
  }
  get remote(): UnixName | undefined {
    return this.#connected;
  }
  get heldBytes(): number {
    return this.#queue.bytes;
  }

  timeout(direction: "read" | "write"): bigint | undefined {
    return this.options.timeout(direction);
  }

  bind(name: UnixName): void {
    this.#name = name;
  }

  /** From now on it sends to one name and hears of no other; undefined takes that back. -CONNREFUSED when nobody has the name. */
  connect(peer: UnixName | undefined): Result {
    if (peer !== undefined && this.#network.unixDatagram(peer) === undefined) return -errno.CONNREFUSED;
    this.#connected = peer;
    return 0;
  }

  /** Nothing that was sent comes back as an error. */
  takeError(): number {
    return 0;
  }

  /** Takes one datagram; what does not fit is cut off (POSIX recvfrom). */
  receive(buffers: readonly Uint8Array[], peek: boolean): Received | Result {
    const next = this.#queue.first;
    if (next === undefined) return this.#readable ? -errno.AGAIN : 0;
    const count = scatter(next.data, buffers);
    if (!peek) {
      this.#queue.shift();
      this.#tellSenders();
    }
    return { count, from: next.from, truncated: count < next.data.length };
  }

  /** Sends one datagram. -CONNREFUSED when nobody has the name, -AGAIN while there is no room there. */
  send(buffers: readonly Uint8Array[], to: UnixName): Result {
    if (!this.#writable) return -errno.PIPE;
    let total = 0;
    for (const buffer of buffers) total += buffer.length;
    if (total > datagramBytesMax) return -errno.MSGSIZE;
    const target = this.#network.unixDatagram(to);
    if (target === undefined) return -errno.CONNREFUSED;
    if (target.#connected !== undefined && target.#connected.path !== this.#name?.path) return -errno.PERM;
    if (!target.#readable) return -errno.PIPE;
    if (!this.#network.hasRoom(0)) return -errno.NOBUFS;
    if (target.#queue.push({ data: gather(buffers), from: this.#name ?? { path: "" } })) {
      target.wake?.();
      return total;
    }
    target.#senders.add(this);
    return -errno.AGAIN;
  }

  read(buffers: readonly Uint8Array[]): Result {
    const received = this.receive(buffers, false);
    return typeof received === "number" ? received : received.count;
  }

  write(buffers: readonly Uint8Array[]): Result {
    return this.#connected === undefined ? -errno.NOTCONN : this.send(buffers, this.#connected);
  }

  poll(interest: "read" | "write"): Readiness | undefined {
    if (interest === "read") {
      const next = this.#queue.first;
      if (next !== undefined) return { bytes: next.data.length, hangup: false };
      return this.#readable ? undefined : { bytes: 0, hangup: true };
    }
    const target = this.#connected && this.#network.unixDatagram(this.#connected);
    if (target === undefined || target.#queue.hasRoom) return { bytes: datagramBytesMax, hangup: !this.#writable };
    target.#senders.add(this);
    return undefined;
  }

  /** Stops one direction or both of a connected socket. */
  shutdown(read: boolean, write: boolean): Result {
    if (!read && !write) return -errno.INVAL;
    if (this.#connected === undefined) return -errno.NOTCONN;
    if (read) this.#readable = false;
    if (write) this.#writable = false;
    this.wake?.();
    return 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.clear();
    this.onClose?.();
    this.#tellSenders();
  }

  #tellSenders(): void {
    const senders = [...this.#senders];
    this.#senders.clear();
    for (const sender of senders) sender.wake?.();
  }
}
