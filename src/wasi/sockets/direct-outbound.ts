import type { LookupAddress } from "node:dns";
import type { Socket } from "node:net";
import type { Address } from "../../base/address.ts";
import { type Conduit, conduitPair } from "../../base/conduit.ts";
import { systemCode } from "../../base/errors.ts";
import type { OutboundGrant } from "../../base/outbound-grant.ts";
import { OutboundPolicy } from "../../base/outbound-policy.ts";
import { Tunnel } from "../../base/tunnel.ts";
import { errno, type Result } from "../errno.ts";
import { fromNodeError } from "../files/host-errno.ts";
import { DirectDatagrams } from "./direct-datagrams.ts";
import type { Outbound, OutboundDatagrams, OutboundReceiver } from "./outbound.ts";

/** A unix socket of the host that a guest may connect to. */
export interface UnixGrant {
  /** As the guest knows it. */
  readonly path: string;
  /** On the host. */
  readonly source: string;
}

export interface DirectOutboundOptions {
  readonly unix?: readonly UnixGrant[];
  /** The addresses of a name, best first; rejects as `dns.promises` does. The hosts file and the system's resolver when not given. */
  readonly lookup?: (name: string, family: 0 | 4 | 6) => Promise<readonly string[]>;
}

/** As long as Linux tries, nearly (net.ipv4.tcp_syn_retries = 6 gives 127 s), which few wait for. */
const connectMsMax = 60_000;
const keepAliveMs = 60_000;
const addressesMax = 32;
/** The system's resolver holds a thread of libuv's four for each. */
const lookupsMax = 16;
const connectionsMax = 4096;
const datagramSocketsMax = 256;

/** An instance's way out by sockets of this process, as far as the grants go. */
export function directOutbound(grants: readonly OutboundGrant[], options: DirectOutboundOptions = {}): Outbound {
  return new DirectOutbound(grants, options);
}

class DirectOutbound implements Outbound {
  readonly #policy: OutboundPolicy;
  readonly #grantsUdp: boolean;
  readonly #unix: ReadonlyMap<string, string>;
  readonly #lookup: (name: string, family: 0 | 4 | 6) => Promise<readonly string[]>;
  readonly #sockets = new Set<Socket>();
  readonly #datagrams = new Set<DirectDatagrams>();
  readonly #end = new AbortController();
  #lookups = 0;

  constructor(grants: readonly OutboundGrant[], { unix = [], lookup = systemLookup }: DirectOutboundOptions) {
    this.#policy = new OutboundPolicy(grants);
    this.#grantsUdp = grants.some(({ protocol }) => protocol === "udp");
    this.#unix = new Map(unix.map(({ path, source }) => [path, source]));
    this.#lookup = lookup;
  }

  async resolve(name: string, family: 4 | 6 | undefined, signal: AbortSignal): Promise<readonly string[] | Result> {
    if (!this.#policy.mayResolve(name)) return -errno.ACCES;
    if (this.#lookups >= lookupsMax) return -errno.NOBUFS;
    this.#lookups++;
    // It cannot be called off: it counts until it is done, and only its answer is dropped.
    const found = this.#lookup(name, family ?? 0).then(
      (addresses) => addresses,
      (error: unknown) => lookupErrno(error),
    );
    void found.finally(() => this.#lookups--);
    const addresses = await unlessAborted(found, [signal, this.#end.signal]);
    if (typeof addresses === "number") return addresses;
    if (addresses.length === 0) return -errno.NOENT;
    const reachable = this.#policy.resolved(name, addresses.slice(0, addressesMax));
    return reachable.length === 0 ? -errno.ACCES : reachable;
  }

  async connect(to: Address, signal: AbortSignal): Promise<Conduit | Result> {
    if (!this.#policy.mayReach("tcp", to)) return -errno.ACCES;
    return this.#open(signal, to, { host: to.ip, port: to.port, noDelay: true });
  }

  async connectUnix(path: string, signal: AbortSignal): Promise<Conduit | Result> {
    const source = this.#unix.get(path);
    return source === undefined ? -errno.ACCES : this.#open(signal, { ip: "", port: 0 }, { path: source });
  }

  openDatagrams(receiver: OutboundReceiver): OutboundDatagrams | Result {
    if (!this.#grantsUdp) return -errno.ACCES;
    if (this.#datagrams.size >= datagramSocketsMax) return -errno.NOBUFS;
    const datagrams = new DirectDatagrams(receiver, (to) => this.#policy.mayReach("udp", to));
    datagrams.onClose = () => this.#datagrams.delete(datagrams);
    this.#datagrams.add(datagrams);
    return datagrams;
  }

  close(): void {
    this.#end.abort();
    for (const datagrams of this.#datagrams) datagrams.close();
  }

  #open(signal: AbortSignal, remote: Address, where: { host: string; port: number; noDelay: true } | { path: string }) {
    if (this.#sockets.size >= connectionsMax) return -errno.NOBUFS;
    if (signal.aborted || this.#end.signal.aborted) return -errno.CANCELED;
    // Not a static import: node:net takes milliseconds to load, and few programs come here.
    const socket = process.getBuiltinModule("node:net").connect({
      ...where,
      allowHalfOpen: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    });
    this.#sockets.add(socket);
    const closed = () => this.#sockets.delete(socket);
    return new Promise<Conduit | Result>((resolve) => {
      const fail = (result: Result) => {
        done();
        socket.on("error", () => {});
        socket.destroy();
        closed();
        resolve(result);
      };
      const cancel = () => fail(-errno.CANCELED);
      const timer = setTimeout(() => fail(-errno.TIMEDOUT), connectMsMax);
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", cancel);
        this.#end.signal.removeEventListener("abort", cancel);
        socket.removeAllListeners();
      };
      signal.addEventListener("abort", cancel);
      this.#end.signal.addEventListener("abort", cancel);
      socket.once("error", (error) => fail(fromNodeError(error)));
      socket.once("connect", () => {
        done();
        const local = { ip: socket.localAddress ?? "", port: socket.localPort ?? 0 };
        const [guest, ours] = conduitPair(local, remote);
        new Tunnel(socket, ours, closed).start(undefined);
        resolve(guest);
      });
    });
  }
}

async function systemLookup(name: string, family: 0 | 4 | 6): Promise<readonly string[]> {
  const { lookup } = process.getBuiltinModule("node:dns").promises;
  const found: LookupAddress[] = await lookup(name, { all: true, family, order: "verbatim" });
  return found.map(({ address }) => address);
}

function lookupErrno(error: unknown): Result {
  switch (systemCode(error)) {
    case "ENOTFOUND":
    case "ENODATA":
    case "EBADNAME":
      return -errno.NOENT;
    default:
      return -errno.AGAIN;
  }
}

/** What a promise has, or -CANCELED as soon as one of the signals is aborted. Nothing stays with signals that live on. */
function unlessAborted<T>(promise: Promise<T>, signals: readonly AbortSignal[]): Promise<T | Result> {
  return new Promise((resolve) => {
    const settle = (value: T | Result) => {
      for (const signal of signals) signal.removeEventListener("abort", cancel);
      resolve(value);
    };
    const cancel = () => settle(-errno.CANCELED);
    for (const signal of signals) {
      if (signal.aborted) cancel();
      else signal.addEventListener("abort", cancel);
    }
    void promise.then(settle);
  });
}
