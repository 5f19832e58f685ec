import { closeSync } from "node:fs";
import type { Address } from "../base/address.ts";
import { formatAddress } from "../base/address.ts";
import { WarrenError } from "../base/errors.ts";
import { formatIp, parseIp } from "../base/ip.ts";
import { bindUdp, boundAddress, listenTcp } from "../base/native-socket.ts";

export type Protocol = "http" | "https" | "tcp" | "udp";

/** A listener of the host: `http://0.0.0.0:80`, `tcp://…`, `udp://…`. Its key is that text. */
export interface Listener {
  readonly key: string;
  readonly protocol: Protocol;
  readonly address: Address;
  /** The listening socket. The daemon holds it and never accepts; workers get copies. */
  readonly fd: number;
}

export function listenerKey(protocol: Protocol, address: Address): string {
  return `${protocol}://${formatAddress(address)}`;
}

/** The listening sockets of this daemon. */
export class Listeners {
  readonly #listeners = new Map<string, Listener>();
  /** Sockets of an earlier daemon, by key, that nobody has asked for yet. */
  readonly #adopted = new Map<string, number>();

  get(key: string): Listener | undefined {
    return this.#listeners.get(key);
  }

  /** Those in use, in the order they were opened. */
  list(): Listener[] {
    return [...this.#listeners.values()];
  }

  /** Keeps a socket that a worker of an earlier daemon gave, if it is what it is said to be: the worker is not trusted. */
  adopt(key: string, fd: number): void {
    const [, protocol, rest] = /^(https?|tcp|udp):\/\/(.+)$/.exec(key) ?? [];
    if (
      protocol === undefined ||
      this.#adopted.has(key) ||
      listenerKey(protocol as Protocol, boundAddress(fd)) !== `${protocol}://${rest}`
    ) {
      closeSync(fd);
      return;
    }
    this.#adopted.set(key, fd);
  }

  /** Opens a listener, or gives the one that is open. Port 0 takes any free one. Throws `listener.*`. */
  open(protocol: Protocol, address: Address): Listener {
    const wanted = listenerKey(protocol, address);
    const existing = this.#listeners.get(wanted);
    if (existing !== undefined) return existing;
    const fd =
      this.#take(protocol, address) ??
      (protocol === "udp" ? bindUdp : listenTcp)(address, this.#beside(protocol, address));
    const actual = boundAddress(fd);
    const listener = { key: listenerKey(protocol, actual), protocol, address: actual, fd };
    this.#listeners.set(listener.key, listener);
    return listener;
  }

  /** Gives the daemon's copy up; the socket closes when the workers have closed theirs. */
  close(key: string): void {
    const listener = this.#listeners.get(key);
    if (listener === undefined) return;
    this.#listeners.delete(key);
    closeSync(listener.fd);
  }

  /** Closes what was adopted and is no longer wanted. */
  dropUnclaimed(): void {
    for (const fd of this.#adopted.values()) closeSync(fd);
    this.#adopted.clear();
  }

  /** Our sockets on a port, of the same protocol: nobody takes a part of the HTTP port by a TCP route. */
  #beside(protocol: Protocol, { port }: Address): number[] {
    if (port === 0) return [];
    const ours = [...this.#listeners.values()].filter((one) => one.protocol === protocol && one.address.port === port);
    const adopted = [...this.#adopted].filter(([key]) => key.startsWith(`${protocol}://`) && key.endsWith(`:${port}`));
    return [...ours.map(({ fd }) => fd), ...adopted.map(([, fd]) => fd)];
  }

  #take(protocol: Protocol, { ip, port }: Address): number | undefined {
    for (const [key, fd] of this.#adopted) {
      // A daemon that is told to take any port goes on with the one it had.
      const matches =
        port === 0
          ? key.startsWith(`${listenerKey(protocol, { ip, port: 0 }).slice(0, -1)}`)
          : key === listenerKey(protocol, { ip, port });
      if (!matches) continue;
      this.#adopted.delete(key);
      return fd;
    }
    return undefined;
  }
}

/** `8080`, `:8080`, `127.0.0.1:8080`, `[::]:80`, `localhost:80`. Throws `listener.address`. */
export function parseHttpAddress(text: string): Address {
  const [, bracketed, plain, port] = /^(?:(?:\[([^\]]*)\]|([^[\]:]*)):)?([0-9]{1,5})$/.exec(text) ?? [];
  const name = bracketed ?? plain ?? "";
  const bytes = parseIp(name === "" ? "0.0.0.0" : name === "localhost" ? "127.0.0.1" : name);
  if (port === undefined || bytes === undefined || Number(port) > 65_535) {
    throw new WarrenError("listener.address", `"${text.slice(0, 80)}" is not an address to listen on`, {
      hint: "use ADDRESS:PORT, for example 127.0.0.1:8080, :80 or [::]:80",
    });
  }
  return { ip: formatIp(bytes), port: Number(port) };
}
