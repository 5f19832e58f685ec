import type { Address } from "../../base/address.ts";
import { errno, type Result } from "../errno.ts";
import type { DatagramSocket } from "./datagram.ts";
import { type UnixName, unixAddress } from "./socket-name.ts";
import { VirtualListener, type VirtualListenerOptions } from "./virtual-listener.ts";

/** Where port 0 looks for a free one (RFC 6335 §6, dynamic ports). */
export const ephemeralPorts = { first: 49152, last: 65535 } as const;

/**
 * A guest's own network: the ports it was handed or has bound, which only the host and the guest itself can reach, and the unix
 * sockets that it listens on, which only itself can: their names are no files. Two guests may have the same port or name.
 */
export class VirtualNetwork {
  /** In the order in which they were opened. */
  readonly #listeners = new Map<number, VirtualListener>();
  readonly #datagrams = new Map<number, DatagramSocket>();
  /** Those that the guest sends from, on ports that it did not choose: no route means them. */
  readonly #unrouted = new Map<number, DatagramSocket>();
  readonly #unixListeners = new Map<string, VirtualListener>();
  readonly #nextPort: { tcp: number; udp: number } = { tcp: ephemeralPorts.first, udp: ephemeralPorts.first };
  /** Called each time a port begins to be listened on or received from. */
  onListen: ((port: number) => void) | undefined;
  readonly #listenerOptions: VirtualListenerOptions;

  constructor(listenerOptions: VirtualListenerOptions = {}) {
    this.#listenerOptions = listenerOptions;
  }

  /** Every open listener, longest open first. */
  get listeners(): Iterable<VirtualListener> {
    return this.#listeners.values();
  }
  get datagrams(): Iterable<DatagramSocket> {
    return this.#datagrams.values();
  }

  /** Whether the guest may hold one connection more, besides `waiting` that it has no descriptor for. */
  hasRoom(waiting: number): boolean {
    return this.#listenerOptions.hasRoom?.(waiting) !== false;
  }

  /** A port's listener; without a port the first that is listening, or else the first open. */
  listener(port?: number): VirtualListener | undefined {
    return port === undefined ? first(this.#listeners.values()) : this.#listeners.get(port);
  }

  /** A port's datagram socket; without a port the first that is being received on, or else the first open. */
  datagram(port?: number): DatagramSocket | undefined {
    return port === undefined ? first(this.#datagrams.values()) : this.#datagrams.get(port);
  }

  /** A port's datagram socket, also one that no route reaches. */
  ownDatagram(port: number): DatagramSocket | undefined {
    return this.#datagrams.get(port) ?? this.#unrouted.get(port);
  }

  /** A port to bind: the one asked for, or a free one for 0. -ADDRINUSE when there is none. */
  choosePort(protocol: "tcp" | "udp", port: number): Result {
    const taken = (one: number) =>
      protocol === "tcp" ? this.#listeners.has(one) : this.ownDatagram(one) !== undefined;
    if (port !== 0) return taken(port) ? -errno.ADDRINUSE : port;
    // Goes on from the last: a port that was given out may not be listened on yet.
    const count = ephemeralPorts.last - ephemeralPorts.first + 1;
    for (let i = 0; i < count; i++) {
      const free = this.#nextPort[protocol];
      this.#nextPort[protocol] = free === ephemeralPorts.last ? ephemeralPorts.first : free + 1;
      if (!taken(free)) return free;
    }
    return -errno.ADDRINUSE;
  }

  /** Opens a TCP port. -ADDRINUSE when it is open already. */
  listen(address: Address): VirtualListener | Result {
    const { port } = address;
    if (this.#listeners.has(port)) return -errno.ADDRINUSE;
    const listener = new VirtualListener(address, this.#listenerOptions);
    listener.onListen = () => this.onListen?.(port);
    listener.onClose = () => this.#listeners.delete(port);
    this.#listeners.set(port, listener);
    return listener;
  }

  /** A unix stream socket's listener. */
  unixListener({ path }: UnixName): VirtualListener | undefined {
    return this.#unixListeners.get(path);
  }

  /** Listens on a name. -ADDRINUSE when it is taken. */
  listenUnix(name: UnixName): VirtualListener | Result {
    const { path } = name;
    if (this.#unixListeners.has(path)) return -errno.ADDRINUSE;
    const listener = new VirtualListener(unixAddress(name), this.#listenerOptions);
    listener.onClose = () => this.#unixListeners.delete(path);
    this.#unixListeners.set(path, listener);
    return listener;
  }

  /** Gives a datagram socket its port. -ADDRINUSE when it is taken. Not `routed`: only the guest itself finds it there. */
  bind(socket: DatagramSocket, address: Address, { routed = true }: { readonly routed?: boolean } = {}): Result {
    const { port } = address;
    if (this.ownDatagram(port) !== undefined) return -errno.ADDRINUSE;
    const ports = routed ? this.#datagrams : this.#unrouted;
    socket.bind(address);
    if (routed) socket.onListen = () => this.onListen?.(port);
    socket.onClose = () => ports.delete(port);
    ports.set(port, socket);
    return 0;
  }
}

function first<T extends { readonly listening: boolean }>(open: Iterable<T>): T | undefined {
  let found: T | undefined;
  for (const one of open) {
    if (one.listening) return one;
    found ??= one;
  }
  return found;
}
