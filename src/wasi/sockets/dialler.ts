import type { Address } from "../../base/address.ts";
import type { Conduit } from "../../base/conduit.ts";
import { WarrenError } from "../../base/errors.ts";
import { errno, type Result } from "../errno.ts";
import type { DatagramCarrier, DatagramSocket } from "./datagram.ts";
import { answerQuery, nameServerPort } from "./name-server.ts";
import type { Outbound, OutboundDatagrams } from "./outbound.ts";
import { versionOf } from "./port-table.ts";
import { isOwnAddress, ownAddress, type UnixEnds, unixAddress } from "./socket-name.ts";
import type { VirtualListener } from "./virtual-listener.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

export interface DiallerLimits {
  /** Connections being opened at a time. */
  readonly connectsMax: number;
  /** Names being looked up at a time. */
  readonly lookupsMax: number;
  /** Names looked up, on the average; as many may come at once. */
  readonly lookupsPerSecondMax: number;
}

/** Names kept for {@link Refusal}. */
const namesMax = 256;

// Programs look a name up for each connection; who answers bounds those lookups that cost something.
const limitsDefault: DiallerLimits = { connectsMax: 256, lookupsMax: 32, lookupsPerSecondMax: 2000 };

/** What a guest wanted to reach and was refused, for whoever can tell its user. `name`: what had that address, if it asked. */
export type Refusal =
  | { readonly kind: "connect"; readonly to: Address; readonly name?: string }
  | { readonly kind: "send"; readonly to: Address; readonly name?: string }
  | { readonly kind: "connect-unix"; readonly path: string }
  | { readonly kind: "resolve"; readonly name: string };

/** Opens a guest's connections: to its own ports in memory, to everything else by what it was given for that. */
export class Dialler implements DatagramCarrier {
  /** Called for each call that no grant allows. */
  onRefused: ((refusal: Refusal) => void) | undefined;
  readonly #network: VirtualNetwork;
  readonly #outbound: Outbound | undefined;
  readonly #limits: DiallerLimits;
  readonly #now: () => number;
  readonly #datagrams = new Map<DatagramSocket, OutboundDatagrams>();
  readonly #names = new Map<string, string>();
  /** Made when it is first of use: Node loads it then. */
  #end: AbortController | undefined;
  #connects = 0;
  #lookups = 0;
  /** Lookups that may begin now. */
  #lookupsLeft: number;
  #lookupsLeftAt: number;

  /** Without an `outbound` only the guest's own ports are reached. `now`: milliseconds of a monotonic clock. */
  constructor(
    network: VirtualNetwork,
    outbound?: Outbound,
    limits: Partial<DiallerLimits> = {},
    now: () => number = () => performance.now(),
  ) {
    this.#network = network;
    this.#outbound = outbound;
    this.#limits = { ...limitsDefault, ...limits };
    this.#now = now;
    this.#lookupsLeft = this.#limits.lookupsPerSecondMax;
    this.#lookupsLeftAt = now();
  }

  /** A connection to an address; errors as of {@link Outbound.connect}. */
  connect(to: Address, signal: AbortSignal): Conduit | Result | Promise<Conduit | Result> {
    if (isOwnAddress(to.ip)) {
      const listener = this.#network.listener(to.port, versionOf(to.ip));
      if (listener !== undefined) {
        const ip = ownAddress(to.ip);
        // None that is listened on: programs take a connection from the port that it goes to for one with itself.
        const port = this.#network.choosePort("tcp");
        if (port < 0) return -errno.ADDRNOTAVAIL;
        return connectOwn(listener, { ip, port }, { ip, port: to.port });
      }
    }
    return this.#open({ kind: "connect", to }, (outbound) => outbound.connect(to, signal));
  }

  /** A connection to a unix socket: one that the guest listens on, or else a granted one. */
  connectUnix({ local, remote }: UnixEnds, signal: AbortSignal): Conduit | Result | Promise<Conduit | Result> {
    const { path } = remote;
    const listener = this.#network.unixListener(remote);
    if (listener !== undefined) return connectOwn(listener, unixAddress(local), unixAddress(remote));
    return this.#open({ kind: "connect-unix", path }, (outbound) => outbound.connectUnix(path, signal));
  }

  /** The addresses of a name; errors as of {@link Outbound.resolve}. Of names only: addresses and `localhost` are the caller's. */
  resolve(name: string, family: 4 | 6 | undefined): Result | Promise<readonly string[] | Result> {
    const outbound = this.#outbound;
    const refusal: Refusal = { kind: "resolve", name };
    if (outbound === undefined) return this.#refuse(refusal);
    if (this.#lookups >= this.#limits.lookupsMax) return -errno.NOBUFS;
    if (!this.#mayLookUp()) return -errno.AGAIN;
    this.#lookups++;
    this.#end ??= new AbortController();
    return outbound.resolve(name, family, this.#end.signal).then((result) => {
      this.#lookups--;
      if (typeof result !== "number") this.#remember(name, result);
      return result === -errno.ACCES ? this.#refuse(refusal) : result;
    });
  }

  open(socket: DatagramSocket, to: Address): Result {
    const isOwn = this.#own(to) !== undefined || this.#isNameServer(to);
    const opened = isOwn ? undefined : this.#openDatagrams(socket, to);
    if (typeof opened === "number") return opened;
    this.#bind(socket);
    return 0;
  }

  /** Takes a datagram of a socket's out, or to another of the guest's sockets. 0 or an error. */
  send(socket: DatagramSocket, data: Uint8Array, to: Address): Result {
    const own = this.#own(to);
    if (own !== undefined) {
      this.#bind(socket);
      own.answer(data, { ip: ownAddress(to.ip), port: socket.local?.port ?? 0 });
      return 0;
    }
    if (this.#isNameServer(to)) {
      this.#bind(socket);
      const from = { ip: ownAddress(to.ip), port: to.port };
      void answerQuery(data, (name, family) => this.resolve(name, family)).then(
        (answer) => answer !== undefined && socket.answer(answer, from),
      );
      return 0;
    }
    const datagrams = this.#openDatagrams(socket, to);
    if (typeof datagrams === "number") return datagrams;
    const result = datagrams.send(data, to);
    // There is nothing to wait for room by, and a datagram may be lost.
    if (result === -errno.AGAIN) return 0;
    return result === -errno.ACCES ? this.#refuse({ kind: "send", to }) : result;
  }

  hasRoom(): boolean {
    return this.#network.hasRoom(this.#connects);
  }

  closed(socket: DatagramSocket): void {
    this.#datagrams.get(socket)?.close();
    this.#datagrams.delete(socket);
  }

  /** The guest has ended. */
  close(): void {
    this.#end?.abort();
    this.#outbound?.close();
  }

  #open(refusal: Refusal, open: (outbound: Outbound) => Promise<Conduit | Result>): Result | Promise<Conduit | Result> {
    if (this.#outbound === undefined) return this.#refuse(refusal);
    if (this.#connects >= this.#limits.connectsMax || !this.hasRoom()) return -errno.NOBUFS;
    this.#connects++;
    return open(this.#outbound).then((result) => {
      this.#connects--;
      return result === -errno.ACCES ? this.#refuse(refusal) : result;
    });
  }

  #own({ ip, port }: Address): DatagramSocket | undefined {
    return isOwnAddress(ip) ? this.#network.ownDatagram(port, versionOf(ip)) : undefined;
  }

  /** Resolvers that find no configuration ask this address (resolv.conf(5)): there the guest's granted names are known. */
  #isNameServer({ ip, port }: Address): boolean {
    return port === nameServerPort && this.#outbound !== undefined && isOwnAddress(ip);
  }

  #openDatagrams(socket: DatagramSocket, to: Address): OutboundDatagrams | Result {
    const before = this.#datagrams.get(socket);
    if (before !== undefined) return before;
    const opened = this.#outbound?.openDatagrams({
      deliver: (data, from) => socket.answer(data, from),
      fail: (error) => socket.fail(error),
    });
    if (opened === undefined || opened === -errno.ACCES) return this.#refuse({ kind: "send", to });
    if (typeof opened === "number") return opened;
    this.#datagrams.set(socket, opened);
    this.#bind(socket);
    return opened;
  }

  /** Gives a socket a port from which it seems to send, if it has none. */
  #bind(socket: DatagramSocket): void {
    if (socket.local !== undefined) return;
    const port = this.#network.choosePort("udp");
    if (port > 0) this.#network.bind(socket, { ip: "0.0.0.0", port }, { routed: false });
  }

  #refuse(refusal: Refusal): Result {
    const name = "to" in refusal ? this.#names.get(refusal.to.ip) : undefined;
    this.onRefused?.("to" in refusal && name !== undefined ? { ...refusal, name } : refusal);
    return -errno.ACCES;
  }

  #remember(name: string, addresses: readonly string[]): void {
    for (const ip of addresses) {
      if (this.#names.size >= namesMax) this.#names.clear();
      this.#names.set(ip, name);
    }
  }

  #mayLookUp(): boolean {
    const { lookupsPerSecondMax } = this.#limits;
    const now = this.#now();
    const earned = ((now - this.#lookupsLeftAt) / 1000) * lookupsPerSecondMax;
    this.#lookupsLeft = Math.min(this.#lookupsLeft + earned, lookupsPerSecondMax);
    this.#lookupsLeftAt = now;
    if (this.#lookupsLeft < 1) return false;
    this.#lookupsLeft--;
    return true;
  }
}

function connectOwn(listener: VirtualListener, from: Address, to: Address): Conduit | Result {
  try {
    return listener.connect(from, to);
  } catch (error) {
    // One that does not answer: its backlog is full, or the guest may hold no more.
    if (error instanceof WarrenError) return error.code === "limits.memory" ? -errno.NOBUFS : -errno.CONNREFUSED;
    throw error;
  }
}
