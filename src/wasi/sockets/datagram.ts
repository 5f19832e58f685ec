import { type Address, formatAddress } from "../../base/address.ts";
import type { DatagramPeer } from "../../base/datagram-peer.ts";
import { type Descriptor, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { gather } from "../gather.ts";
import { scatter } from "../scatter.ts";
import { type Datagram, DatagramQueue } from "./datagram-queue.ts";
import { SocketFlags } from "./socket-flags.ts";
import { SocketOptions } from "./socket-options.ts";

/** Peers that may be answered: as many as four listeners of the host remember. The one that came first is forgotten first. */
const peersMax = 65_536;
/** Largest payload over IPv4 (RFC 768, RFC 791). */
const datagramBytesMax = 65507;

/** What {@link DatagramSocket.receive} took. */
export interface Received {
  readonly count: number;
  readonly from: Address;
  readonly truncated: boolean;
}

/** Carries what sockets send to others than those that a route brought here. */
export interface DatagramCarrier {
  /** Makes a socket ready to send to a peer; 0 or an error. */
  open(socket: DatagramSocket, to: Address): Result;
  /** 0 or an error; it keeps `data`. */
  send(socket: DatagramSocket, data: Uint8Array, to: Address): Result;
  /** Whether the guest may hold one more datagram. */
  hasRoom(): boolean;
  closed(socket: DatagramSocket): void;
}

/** A guest's UDP socket in its virtual network: the host delivers to it and carries what it sends. */
export class DatagramSocket implements Descriptor {
  readonly type = filetype.datagramSocket;
  readonly options: SocketOptions = new SocketOptions();
  wake: (() => void) | undefined;
  /** Host's: called once, when the guest first receives or waits for a datagram. */
  onListen: (() => void) | undefined;
  /** Called when the guest has closed it. */
  onClose: (() => void) | undefined;
  readonly #flags: SocketFlags;
  readonly #carrier: DatagramCarrier | undefined;
  readonly #queue = new DatagramQueue<Address>();
  #address: Address | undefined;
  #state: "idle" | "listening" | "closed" = "idle";
  #dropped = 0;
  /** Whom a route brought here, by name. */
  readonly #peers = new Map<string, DatagramPeer>();
  #last: Address | undefined;
  /** The one that it sends to and hears of (POSIX connect). */
  #connected: Address | undefined;
  /** Of an earlier datagram; the guest is told once. */
  #error = 0;
  #readable: boolean = true;
  #writable: boolean = true;

  /** It is not bound yet. `handed`: the host opened it, not the guest. Without a carrier it can only answer. */
  constructor(handed: boolean = false, carrier?: DatagramCarrier) {
    this.#flags = new SocketFlags(0, handed);
    this.#carrier = carrier;
  }

  get flags(): number {
    return this.#flags.value;
  }
  set flags(flags: number) {
    this.#flags.value = flags;
  }
  /** The flags that the guest is told when it asks. */
  tellFlags(): number {
    return this.#flags.tell();
  }

  timeout(direction: "read" | "write"): bigint | undefined {
    return this.options.timeout(direction);
  }

  get local(): Address | undefined {
    return this.#address;
  }
  /** Where a plain write goes: to whom it is connected, or else to the sender of the last datagram that the guest received. */
  get remote(): Address | undefined {
    return this.#connected ?? this.#last;
  }
  /** The guest receives, or waits for a datagram. */
  get listening(): boolean {
    return this.#state === "listening";
  }
  get closed(): boolean {
    return this.#state === "closed";
  }
  /** Datagrams that came while the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  get heldBytes(): number {
    return this.#queue.bytes;
  }

  bind(address: Address): void {
    this.#address = address;
  }

  /** From now on it sends to one peer and hears of no other; undefined takes that back. Errors as of {@link send}. */
  connect(peer: Address | undefined): Result {
    if (peer !== undefined && !this.#peers.has(formatAddress(peer))) {
      const opened = this.#carrier?.open(this, peer) ?? -errno.ACCES;
      if (opened < 0) return opened;
    }
    this.#connected = peer;
    return 0;
  }

  /** As {@link connect}, but whether the peer may be sent to is told by sending, and what others have sent is dropped. */
  associate(peer: Address | undefined): void {
    this.#connected = peer;
    if (peer !== undefined) this.#dropped += this.#queue.keep(({ from }) => this.#isPeer(from));
  }

  /** An error that the guest has not been told yet (SO_ERROR); it is told once. */
  takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return error;
  }

  /**
   * Queues a datagram that a route brought, for the guest, which may keep it and answer it. False when it was dropped: the queue
   * is full or the socket closed.
   */
  deliver(data: Uint8Array, peer: DatagramPeer): boolean {
    if (!this.#enqueue(data, peer.address)) return false;
    if (this.#peers.get(peer.name) !== peer) this.#remember(peer);
    return true;
  }

  /** Queues a datagram that the {@link DatagramCarrier} has for the guest. */
  answer(data: Uint8Array, from: Address): boolean {
    return this.#enqueue(data, from);
  }

  /** An earlier datagram could not be sent; `error` is a positive errno. */
  fail(error: number): void {
    this.#error = error;
    this.wake?.();
  }

  /** Takes one datagram; what does not fit is cut off (POSIX recvfrom). */
  receive(buffers: readonly Uint8Array[], peek: boolean): Received | Result {
    this.#listen();
    if (this.#error !== 0) return -this.takeError();
    const next = this.#queue.first;
    if (next === undefined) return this.#readable ? -errno.AGAIN : 0;
    const count = scatter(next.data, buffers);
    if (!peek) this.#queue.shift();
    this.#last = next.from;
    return { count, from: next.from, truncated: count < next.data.length };
  }

  /** As {@link receive}, but gives the whole datagram without copying it. */
  take(): Datagram<Address> | Result {
    this.#listen();
    if (this.#error !== 0) return -this.takeError();
    const next = this.#queue.first;
    if (next === undefined) return this.#readable ? -errno.AGAIN : 0;
    this.#queue.shift();
    this.#last = next.from;
    return next;
  }

  /** Sends one datagram. ACCES where neither a route brought the peer here nor a grant leads there. */
  send(buffers: readonly Uint8Array[], to: Address): Result {
    if (!this.#writable) return -errno.PIPE;
    if (this.#error !== 0) return -this.takeError();
    const peer = this.#peers.get(formatAddress(to));
    if (peer === undefined && this.#carrier === undefined) return -errno.ACCES;
    let total = 0;
    for (const buffer of buffers) total += buffer.length;
    if (total > datagramBytesMax) return -errno.MSGSIZE;
    if (peer === undefined) {
      const result = this.#carrier?.send(this, gather(buffers), to) ?? 0;
      return result < 0 ? result : total;
    }
    peer.send(gather(buffers));
    return total;
  }

  read(buffers: readonly Uint8Array[]): Result {
    const received = this.receive(buffers, false);
    return typeof received === "number" ? received : received.count;
  }

  write(buffers: readonly Uint8Array[]): Result {
    return this.remote === undefined ? -errno.DESTADDRREQ : this.send(buffers, this.remote);
  }

  poll(interest: "read" | "write"): Readiness | undefined {
    this.#flags.tell();
    if (interest === "write") return { bytes: datagramBytesMax, hangup: !this.#writable };
    this.#listen();
    const next = this.#queue.first;
    if (next !== undefined) return { bytes: next.data.length, hangup: false };
    return this.#error === 0 && this.#readable ? undefined : { bytes: 0, hangup: !this.#readable };
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
    this.#state = "closed";
    this.#queue.clear();
    this.#peers.clear();
    this.#carrier?.closed(this);
    this.onClose?.();
  }

  #enqueue(data: Uint8Array, from: Address): boolean {
    const wanted = this.#state !== "closed" && this.#readable && this.#isPeer(from);
    if (wanted && this.#carrier?.hasRoom() !== false && this.#queue.push({ data, from })) {
      this.wake?.();
      return true;
    }
    this.#dropped++;
    return false;
  }

  #isPeer({ ip, port }: Address): boolean {
    return this.#connected === undefined || (this.#connected.ip === ip && this.#connected.port === port);
  }

  #listen(): void {
    if (this.#state !== "idle" || this.#address === undefined) return;
    this.#state = "listening";
    const told = this.onListen;
    this.onListen = undefined;
    told?.();
  }

  #remember(peer: DatagramPeer): void {
    const { name } = peer;
    if (this.#peers.size >= peersMax) {
      for (const oldest of this.#peers.keys()) {
        this.#peers.delete(oldest);
        break;
      }
    }
    this.#peers.set(name, peer);
    peer.onEnd = () => {
      if (this.#peers.get(name) === peer) this.#peers.delete(name);
    };
  }
}
