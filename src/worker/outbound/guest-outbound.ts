import { closeSync } from "node:fs";
import type { Address } from "../../base/address.ts";
import type { Conduit } from "../../base/conduit.ts";
import { hostName } from "../../base/outbound-grant.ts";
import type { UnixFailure } from "../../base/unix-connect.ts";
import { errno, type Result } from "../../wasi/errno.ts";
import type { Outbound, OutboundDatagrams, OutboundReceiver } from "../../wasi/sockets/outbound.ts";
import type { Asking, Refusal } from "../connector/lane-protocol.ts";
import type { Asks, OutboundRights, UnixGrant } from "../protocol.ts";
import { DatagramChannel } from "./datagram-channel.ts";
import type { RefusalLog } from "./refusal-log.ts";
import type { ServiceDialler } from "./service-dialler.ts";

const internalSuffix = ".warren.internal";
/** Where services seem to be: addresses that nothing on a network has (RFC 1112 §4). The number is that of the grant. */
const serviceIpPrefix = "240.0.0.";
const namesMax = 256;
/** UDP ports of one instance; the connector gives a guest no more. */
const channelsMax = 256;

/** While there is no daemon nobody can connect: to the guest, nobody listens. */
const unixErrors: Readonly<Record<UnixFailure, Result>> = {
  missing: -errno.NOENT,
  refused: -errno.CONNREFUSED,
  denied: -errno.ACCES,
  busy: -errno.AGAIN,
};
/** Connections to unix sockets that one instance waits for at a time. */
const unixPendingMax = 64;

/** Never rejects; the descriptor is the caller's. */
export type OpenUnix = (asked: Asks["unix"]["body"]) => Promise<{ fd: number } | { error: UnixFailure }>;

export interface GuestOutboundOptions {
  readonly asking: Asking;
  readonly rights: OutboundRights | undefined;
  readonly unix: readonly UnixGrant[];
  readonly openUnix: OpenUnix;
  readonly dialler: ServiceDialler;
  readonly refusals: RefusalLog;
}

/** What one instance reaches: the outside by way of the connector, other services by the dialler. */
export class GuestOutbound implements Outbound {
  readonly #options: GuestOutboundOptions;
  readonly #namespace: string;
  /** The granted services, each once: their place in this list is their address. */
  readonly #services: readonly string[];
  readonly #channels = new Set<DatagramChannel>();
  /** What names it asked for had as addresses, for the log. */
  readonly #names = new Map<string, string>();
  #count = 0;
  #unixPending = 0;

  constructor(options: GuestOutboundOptions) {
    this.#options = options;
    this.#namespace = options.asking.service.slice(0, options.asking.service.indexOf("/") + 1);
    this.#services = [...new Set((options.rights?.services ?? []).map(({ service }) => service))];
  }

  async resolve(name: string, family: 4 | 6 | undefined, signal: AbortSignal): Promise<readonly string[] | Result> {
    const normal = hostName(name);
    if (normal === undefined) return -errno.NOENT;
    if (normal.endsWith(internalSuffix)) return this.#resolveService(normal, family);
    const { asking, dialler, refusals } = this.#options;
    const granted = this.#grants.length > 0;
    const body = { ...asking, name: normal, ...(family === undefined ? {} : { family }) };
    const answer = granted ? await untilAborted(dialler.client.resolve(body), signal) : notGranted;
    if (answer === undefined) return -errno.CANCELED;
    if ("addresses" in answer) {
      for (const ip of answer.addresses) this.#remember(ip, normal);
      return answer.addresses;
    }
    if (answer.error === -errno.ACCES) {
      const { address } = answer;
      refusals.add({ host: normal, ...(address === undefined ? {} : { address }) });
    }
    // Nobody can tell now.
    return answer.error === -errno.NETDOWN ? -errno.AGAIN : answer.error;
  }

  async connect(to: Address, signal: AbortSignal): Promise<Conduit | Result> {
    const { asking, dialler } = this.#options;
    const service = this.#serviceAt(to.ip);
    if (service !== undefined) return this.#connectService(service, to, signal);
    if (this.#grants.length === 0) return this.#refused(to, "tcp");
    const id = ++this.#count;
    const opening = dialler.client.open("connect", { ...asking, id, ip: to.ip, port: to.port });
    const answer = await untilAborted(opening, signal);
    if (answer === undefined) {
      dialler.client.cancel({ id });
      // It may have been connected meanwhile.
      void opening.then((late) => "fd" in late && closeSync(late.fd));
      return -errno.CANCELED;
    }
    if ("fd" in answer) return dialler.streams.open(answer.fd, to);
    return answer.error === -errno.ACCES ? this.#refused(to, "tcp") : answer.error;
  }

  async connectUnix(path: string, signal: AbortSignal): Promise<Conduit | Result> {
    const { asking, unix, dialler, refusals, openUnix } = this.#options;
    if (!unix.some((grant) => grant.path === path)) {
      refusals.add({ unix: path });
      return -errno.ACCES;
    }
    if (this.#unixPending >= unixPendingMax) return -errno.NOBUFS;
    this.#unixPending++;
    const opening = openUnix({ ...asking, path });
    void opening.finally(() => this.#unixPending--);
    const answer = await untilAborted(opening, signal);
    if (answer === undefined) {
      void opening.then((late) => "fd" in late && closeSync(late.fd));
      return -errno.CANCELED;
    }
    return "fd" in answer ? dialler.streams.open(answer.fd, { ip: "", port: 0 }) : unixErrors[answer.error];
  }

  openDatagrams(receiver: OutboundReceiver): OutboundDatagrams | Result {
    const { asking, dialler } = this.#options;
    // Not refused as a whole: the log is to name where each was to go.
    if (!this.#grants.some(({ protocol }) => protocol === "udp"))
      return { send: (_, to) => this.#refused(to, "udp"), close: () => {} };
    if (this.#channels.size >= channelsMax) return -errno.NOBUFS;
    const channel = new DatagramChannel({
      receiver,
      open: async () => {
        const answer = await dialler.client.open("datagrams", asking);
        return "fd" in answer ? answer : answer.error;
      },
      onRefused: (to) => this.#refused(to, "udp"),
    });
    this.#channels.add(channel);
    return {
      send: (data, to) => channel.send(data, to),
      close: () => {
        this.#channels.delete(channel);
        channel.close();
      },
    };
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
    this.#channels.clear();
  }

  get #grants(): OutboundRights["grants"] {
    return this.#options.rights?.grants ?? [];
  }

  #resolveService(name: string, family: 4 | 6 | undefined): readonly string[] | Result {
    const service = name.slice(0, -internalSuffix.length);
    const index = this.#services.indexOf(`${this.#namespace}${service}`);
    if (index < 0) {
      this.#options.refusals.add({ host: name, service });
      return -errno.ACCES;
    }
    return family === 6 ? -errno.NOENT : [`${serviceIpPrefix}${index + 1}`];
  }

  #serviceAt(ip: string): string | undefined {
    return ip.startsWith(serviceIpPrefix) ? this.#services[Number(ip.slice(serviceIpPrefix.length)) - 1] : undefined;
  }

  async #connectService(service: string, to: Address, signal: AbortSignal): Promise<Conduit | Result> {
    const { asking, rights, dialler, refusals } = this.#options;
    const granted = rights?.services.some(
      (grant) => grant.service === service && to.port >= grant.firstPort && to.port <= grant.lastPort,
    );
    if (granted) return dialler.dial(asking, service, to, signal);
    const name = service.slice(this.#namespace.length);
    refusals.add({ host: `${name}${internalSuffix}`, port: to.port, service: name });
    return -errno.ACCES;
  }

  #refused({ ip, port }: Address, protocol: "tcp" | "udp"): Result {
    this.#options.refusals.add({ host: this.#names.get(ip) ?? ip, port, protocol });
    return -errno.ACCES;
  }

  #remember(ip: string, name: string): void {
    this.#names.delete(ip);
    if (this.#names.size >= namesMax) {
      const [oldest] = this.#names.keys();
      this.#names.delete(oldest as string);
    }
    this.#names.set(ip, name);
  }
}

const notGranted: Refusal = { error: -errno.ACCES };

/** Undefined when the signal comes first. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const aborted = (): void => resolve(undefined);
    signal.addEventListener("abort", aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}
