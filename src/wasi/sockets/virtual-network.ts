import type { Address } from "../../base/address.ts";
import { errno, type Result } from "../errno.ts";
import type { DatagramSocket } from "./datagram.ts";
import { type IpVersion, PortTable } from "./port-table.ts";
import { type UnixName, unixAddress } from "./socket-name.ts";
import type { UnixDatagramSocket } from "./unix-datagram.ts";
import { VirtualListener, type VirtualListenerOptions } from "./virtual-listener.ts";

/** Where port 0 looks for a free one (RFC 6335 §6, dynamic ports). */
export const ephemeralPorts = { first: 49152, last: 65535 } as const;

/**
 * A guest's own network: the ports it was handed or has bound, which only the host and the guest itself can reach, and the unix
 * sockets that it has, which only itself can: their names are no files. Two guests may have the same port or name.
 */
export class VirtualNetwork {
  readonly #listeners = new PortTable<VirtualListener>();
  readonly #datagrams = new PortTable<DatagramSocket>();
  /** Those that a route may mean: not those that the guest sends from, on ports that it did not choose. */
  readonly #routed = new PortTable<DatagramSocket>();
  readonly #unixListeners = new Map<string, VirtualListener>();
  readonly #unixDatagrams = new Map<string, UnixDatagramSocket>();
  readonly #nextPort: { tcp: number; udp: number } = { tcp: ephemeralPorts.first, udp: ephemeralPorts.first };
  /** Called each time a port begins to be listened on or received from. */
  onListen: ((port: number, protocol: "tcp" | "udp") => void) | undefined;
  readonly #listenerOptions: VirtualListenerOptions;

  constructor(listenerOptions: VirtualListenerOptions = {}) {
    this.#listenerOptions = listenerOptions;
  }

  /** Every open listener, longest open first. */
  get listeners(): Iterable<VirtualListener> {
    return this.#listeners.all;
  }
  get datagrams(): Iterable<DatagramSocket> {
    return this.#routed.all;
  }

  /** Whether the guest may hold one connection more, besides `waiting` that it has no descriptor for. */
  hasRoom(waiting: number): boolean {
    return this.#listenerOptions.hasRoom?.(waiting) !== false;
  }

  /** A port's listener, that of `version` if both have one; without a port the first that is listening, or else the first open. */
  listener(port?: number, version?: IpVersion): VirtualListener | undefined {
    return port === undefined ? first(this.#listeners.all) : this.#listeners.get(port, version);
  }

  /** A port's datagram socket; without a port the first that is being received on, or else the first open. */
  datagram(port?: number): DatagramSocket | undefined {
    return port === undefined ? first(this.#routed.all) : this.#routed.get(port);
  }

  /** A port's datagram socket, also one that no route reaches. */
  ownDatagram(port: number, version?: IpVersion): DatagramSocket | undefined {
    return this.#datagrams.get(port, version);
  }

  /** A port to bind that is free for IPv4 and IPv6. -ADDRINUSE when there is none. */
  choosePort(protocol: "tcp" | "udp"): Result {
    const taken = protocol === "tcp" ? this.#listeners : this.#datagrams;
    // Goes on from the last: a port that was given out may not be listened on yet.
    const count = ephemeralPorts.last - ephemeralPorts.first + 1;
    for (let i = 0; i < count; i++) {
      const free = this.#nextPort[protocol];
      this.#nextPort[protocol] = free === ephemeralPorts.last ? ephemeralPorts.first : free + 1;
      if (!taken.has(free)) return free;
    }
    return -errno.ADDRINUSE;
  }

  /** Whether {@link listen} would find the port free. */
  isFree({ ip, port }: Address, ipv6Only: boolean = false): boolean {
    return this.#listeners.isFree({ ip, port }, ipv6Only);
  }

  /** Opens a TCP port. -ADDRINUSE when it is open already. `ipv6Only`: on `::`, which then leaves IPv4's port free. */
  listen(address: Address, ipv6Only: boolean = false): VirtualListener | Result {
    const { port } = address;
    if (!this.#listeners.isFree(address, ipv6Only)) return -errno.ADDRINUSE;
    const listener = new VirtualListener(address, this.#listenerOptions);
    listener.onListen = () => this.onListen?.(port, "tcp");
    listener.onClose = this.#listeners.add(listener, address, ipv6Only);
    return listener;
  }

  /** A unix stream socket's listener. */
  unixListener({ path }: UnixName): VirtualListener | undefined {
    return this.#unixListeners.get(path);
  }

  /** Listens on a name. -ADDRINUSE when it is taken. */
  listenUnix(name: UnixName): VirtualListener | Result {
    const { path } = name;
    if (this.#hasName(path)) return -errno.ADDRINUSE;
    const listener = new VirtualListener(unixAddress(name), this.#listenerOptions);
    listener.onClose = () => this.#unixListeners.delete(path);
    this.#unixListeners.set(path, listener);
    return listener;
  }

  /** Who receives what is sent to a name. */
  unixDatagram({ path }: UnixName): UnixDatagramSocket | undefined {
    return this.#unixDatagrams.get(path);
  }

  /** Gives a datagram socket a name. -ADDRINUSE when it is taken. */
  bindUnix(socket: UnixDatagramSocket, name: UnixName): Result {
    if (this.#hasName(name.path)) return -errno.ADDRINUSE;
    socket.bind(name);
    socket.onClose = () => this.#unixDatagrams.delete(name.path);
    this.#unixDatagrams.set(name.path, socket);
    return 0;
  }

  #hasName(path: string): boolean {
    return this.#unixListeners.has(path) || this.#unixDatagrams.has(path);
  }

  /** Gives a datagram socket its port. -ADDRINUSE when it is taken. Not `routed`: only the guest itself finds it there. */
  bind(socket: DatagramSocket, address: Address, { routed = true }: { readonly routed?: boolean } = {}): Result {
    const { port } = address;
    const ipv6Only = socket.options.get("ipv6Only") !== 0;
    if (!this.#datagrams.isFree(address, ipv6Only)) return -errno.ADDRINUSE;
    socket.bind(address);
    const giveBack = this.#datagrams.add(socket, address, ipv6Only);
    const unroute = routed ? this.#routed.add(socket, address, ipv6Only) : undefined;
    if (routed) socket.onListen = () => this.onListen?.(port, "udp");
    socket.onClose = () => {
      giveBack();
      unroute?.();
    };
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
