import { type Address, formatAddress } from "../../base/address.ts";
import { type Descriptor, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { gather } from "../gather.ts";
import { SocketFlags } from "./socket-flags.ts";

/** As Linux' default net.core.rmem_default, nearly. */
const queueBytesMax = 256 * 1024;
const queueLengthMax = 1024;
/** Peers that may be answered; the longest silent one is forgotten first. */
const peersMax = 1024;
/** Largest payload over IPv4 (RFC 768, RFC 791). */
const datagramBytesMax = 65507;

interface Datagram {
  readonly data: Uint8Array;
  readonly from: Address;
}

/** What {@link DatagramSocket.receive} took. */
export interface Received {
  readonly count: number;
  readonly from: Address;
  readonly truncated: boolean;
}

/** A guest's UDP socket in its virtual network: the host delivers to it and carries what it sends. */
export class DatagramSocket implements Descriptor {
  readonly type = filetype.datagramSocket;
  wake: (() => void) | undefined;
  /** Host's: carries a datagram out. What is sent while it is not set is lost, as datagrams may be. */
  onSend: ((data: Uint8Array, to: Address) => void) | undefined;
  /** Host's: called once, when the guest first receives or waits for a datagram. */
  onListen: (() => void) | undefined;
  /** Called when the guest has closed it. */
  onClose: (() => void) | undefined;
  readonly #flags: SocketFlags;
  #address: Address | undefined;
  #state: "idle" | "listening" | "closed" = "idle";
  #queue: Datagram[] = [];
  #head = 0;
  #bytes = 0;
  #dropped = 0;
  /** Keyed by the address as text, in order of their last datagram. */
  readonly #peers = new Set<string>();
  #last: Address | undefined;

  /** It is not bound yet. `handed`: the host opened it, not the guest. */
  constructor(handed: boolean = false) {
    this.#flags = new SocketFlags(0, handed);
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

  get local(): Address | undefined {
    return this.#address;
  }
  /** The sender of the last datagram that the guest received: where a plain write goes. */
  get remote(): Address | undefined {
    return this.#last;
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
    return this.#bytes;
  }

  bind(address: Address): void {
    this.#address = address;
  }

  /** Queues a datagram for the guest, which may keep it. False when it was dropped: the queue is full or the socket closed. */
  deliver(data: Uint8Array, from: Address): boolean {
    const full = this.#queue.length - this.#head >= queueLengthMax || this.#bytes + data.length > queueBytesMax;
    if (full || this.#state === "closed") {
      this.#dropped++;
      return false;
    }
    this.#queue.push({ data, from });
    this.#bytes += data.length;
    this.#remember(formatAddress(from));
    this.wake?.();
    return true;
  }

  /** Takes one datagram; what does not fit is cut off (POSIX recvfrom). */
  receive(buffers: readonly Uint8Array[], peek: boolean): Received | Result {
    this.#listen();
    const next = this.#queue[this.#head];
    if (next === undefined) return -errno.AGAIN;
    let at = 0;
    for (const buffer of buffers) {
      if (at === next.data.length) break;
      const part = next.data.subarray(at, at + buffer.length);
      buffer.set(part);
      at += part.length;
    }
    if (!peek) {
      this.#bytes -= next.data.length;
      this.#queue[this.#head++] = undefined as never;
      if (this.#head === this.#queue.length || this.#head > queueLengthMax) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
    }
    this.#last = next.from;
    return { count: at, from: next.from, truncated: at < next.data.length };
  }

  /** Answers a peer. ACCES for an address that nothing came from: outbound traffic is not granted. */
  send(buffers: readonly Uint8Array[], to: Address): Result {
    if (!this.#peers.has(formatAddress(to))) return -errno.ACCES;
    let total = 0;
    for (const buffer of buffers) total += buffer.length;
    if (total > datagramBytesMax) return -errno.MSGSIZE;
    this.onSend?.(gather(buffers), to);
    return total;
  }

  read(buffers: readonly Uint8Array[]): Result {
    const received = this.receive(buffers, false);
    return typeof received === "number" ? received : received.count;
  }

  write(buffers: readonly Uint8Array[]): Result {
    return this.#last === undefined ? -errno.DESTADDRREQ : this.send(buffers, this.#last);
  }

  poll(interest: "read" | "write"): Readiness | undefined {
    this.#flags.tell();
    if (interest === "write") return { bytes: datagramBytesMax, hangup: false };
    this.#listen();
    const next = this.#queue[this.#head];
    return next === undefined ? undefined : { bytes: next.data.length, hangup: false };
  }

  close(): void {
    this.#state = "closed";
    this.#queue = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#peers.clear();
    this.onSend = undefined;
    this.onClose?.();
  }

  #listen(): void {
    if (this.#state !== "idle" || this.#address === undefined) return;
    this.#state = "listening";
    const told = this.onListen;
    this.onListen = undefined;
    told?.();
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
