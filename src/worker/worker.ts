import { closeSync } from "node:fs";
import { WarrenError } from "../base/errors.ts";
import { parseNetwork } from "../base/ip.ts";
import type { Handler } from "../base/link.ts";
import { sendDescriptors } from "../base/native-socket.ts";
import { Preemption } from "../engine/cpu/preemption.ts";
import { MemoryBudget } from "../engine/memory-budget.ts";
import { Front } from "../net/front.ts";
import { CpuMeter } from "../wasi/guest-thread.ts";
import { applyCertificates, applyChallenges } from "./certificates.ts";
import { ControlSocket } from "./control-socket.ts";
import { frontLog } from "./front-log.ts";
import { GuestLog } from "./guest-log.ts";
import { Guests } from "./guests.ts";
import { GuestOutbound, type OpenUnix } from "./outbound/guest-outbound.ts";
import { ServiceDialler } from "./outbound/service-dialler.ts";
import { StreamConduits } from "./outbound/stream-conduit.ts";
import { Peers } from "./peers.ts";
import type { Asks, InstanceSpec, Orders, StartWait, StoreAnswer, WorkerArguments } from "./protocol.ts";
import { startPulse } from "./pulse.ts";
import { Routing } from "./routing.ts";
import { Sites } from "./sites.ts";
import { GuestStores, NoDaemon } from "./stores/guest-stores.ts";

type Handlers = {
  [K in Exclude<keyof Orders, "lane">]: (
    body: Orders[K]["body"],
    fds: number[],
  ) => Orders[K]["answer"] | Promise<Orders[K]["answer"]>;
};

/** A process that holds listeners and guests. It joins the front and the engine, and does what the daemon orders. */
export class Worker {
  readonly #args: WorkerArguments;
  readonly #control: ControlSocket;
  readonly #log = new GuestLog((service, entries) => this.#control.note("log", { service, entries }));
  readonly #accessLog = new GuestLog((service, entries) => this.#control.note("log", { service, entries }));
  readonly #meter = new CpuMeter();
  readonly #guests: Guests;
  readonly #sites: Sites;
  readonly #front: Front;
  readonly #peers = new Peers(({ fd, bytes, passage }) => this.#front.adopt(fd, bytes, passage));
  readonly #routing: Routing;
  readonly #dialler: ServiceDialler;
  /** The listening sockets, by key: their own copies, to be given to the next daemon. */
  readonly #listeners = new Map<string, number>();
  /** Has it been given anything to serve? Without, nobody would miss it. */
  #serving: boolean = false;

  constructor(args: WorkerArguments) {
    this.#args = args;
    this.#guests = new Guests({
      log: this.#log,
      accessLog: this.#accessLog,
      meter: this.#meter,
      preemption: new Preemption(),
      budget: new MemoryBudget(args.memoryBytesMax),
      onState: (status) => this.#control.note("state", status),
      onIncident: (incident) => this.#control.note("incident", incident),
      outbound: (spec, refusals) =>
        new GuestOutbound({
          asking: { service: spec.service, revision: spec.revision },
          rights: spec.outbound,
          unix: spec.unix ?? [],
          openUnix: (asked) => this.#openUnix(asked),
          dialler: this.#dialler,
          refusals,
        }),
      stores: ({ service, revision, stores }) =>
        new GuestStores(stores ?? [], {
          ask: (identifier, call) => this.#askStore({ service, revision, identifier, call }),
        }),
    });
    this.#sites = new Sites(this.#guests);
    this.#front = new Front({
      ...(args.proxies === undefined || args.proxies.length === 0
        ? {}
        : { proxies: args.proxies.flatMap((text) => parseNetwork(text) ?? []) }),
      log: frontLog(args.id),
    });
    const streams = new StreamConduits();
    this.#routing = new Routing(args.id, this.#front, this.#guests, this.#peers, this.#sites, streams);
    this.#dialler = new ServiceDialler(args.id, this.#guests, this.#routing, streams);
    this.#control = new ControlSocket(this.#handlers() as unknown as Record<string, Handler>);
  }

  listen(): void {
    this.#control.onLinked = () => {
      this.#log.flush();
      this.#accessLog.flush();
    };
    this.#control.onAlone = () => {
      // Its daemon died before it gave it anything.
      if (!this.#serving) process.exit(0);
    };
    this.#control.listen();
    this.#meter.running = startPulse();
  }

  #handlers(): Handlers {
    return {
      hello: () => ({
        id: this.#args.id,
        pid: process.pid,
        version: this.#args.version,
        listeners: [...this.#listeners.keys()],
      }),
      listen: (body, fds) => this.#listen(body, fds),
      unlisten: ({ key }) => this.#unlisten(key),
      listener: ({ key }) => this.#giveListener(key),
      start: async ({ spec, wait, number }, fds) => {
        const [program, ...volumes] = fds;
        if (program === undefined) throw noDescriptor("start");
        this.#serving = true;
        const ofGuest = 2 * spec.mounts.filter((mount) => "source" in mount && mount.volume !== undefined).length;
        const ofSites = volumes.splice(
          ofGuest,
          2 * (spec.sites ?? []).filter(({ volume }) => volume !== undefined).length,
        );
        const { status } = await this.#guests
          .start(spec, [program, ...volumes], wait, number)
          .catch((error: unknown) => {
            for (const fd of ofSites) closeSync(fd);
            throw error;
          });
        await this.#openSites(spec, ofSites, wait);
        return status;
      },
      stop: async ({ service, revision, graceMs }) => {
        const guest = this.#guests.get(service, revision);
        if (guest?.kind === "stream") for (const target of guest.targets) this.#front.retire(target);
        const last = await this.#guests.stop(service, revision, graceMs);
        this.#sites.drop(service, revision);
        return last === undefined ? {} : { last };
      },
      sites: ({ spec }, fds) => {
        this.#serving = true;
        const ratePage = spec.ratesShared === true ? fds.pop() : undefined;
        this.#sites.open(spec, fds, ratePage);
      },
      place: ({ placements }) => {
        for (const placement of placements) this.#routing.place(placement);
      },
      displace: ({ services }) => {
        for (const service of services) this.#routing.displace(service);
      },
      peer: ({ id }, fds) => {
        const [lane, bell] = fds;
        if (lane === undefined || bell === undefined) throw noDescriptor("peer");
        this.#peers.add(id, lane, bell);
      },
      unpeer: ({ id }) => this.#peers.remove(id),
      connector: (_, fds) => {
        const [lane, stream] = fds;
        if (lane === undefined || stream === undefined) throw noDescriptor("connector");
        this.#dialler.client.attach(lane, stream);
      },
      certificates: (changes) => applyCertificates(this.#front.tls, changes),
      challenges: (changes) => applyChallenges(this.#front.tls, changes),
      tickets: ({ key }) => this.#front.tls.setTicketKey(Buffer.from(key, "base64")),
      status: ({ service }) => ({
        guests: this.#guests.statuses(service),
        guestless: this.#sites.guestless.counts(service),
        rssBytes: process.memoryUsage.rss(),
      }),
      drain: ({ graceMs }) => this.#drain(graceMs),
    };
  }

  async #listen(
    { key, service, guestPort = 0, unboundedReplies = false }: Orders["listen"]["body"],
    fds: readonly number[],
  ): Promise<void> {
    const [fd] = fds;
    if (key.startsWith("https:")) this.#front.tls.addPort(Number(/[0-9]+$/.exec(key)?.[0]));
    if (fd === undefined) {
      if (key.startsWith("udp:")) throw noDescriptor("listen");
      this.#front.addRemoteListener(key, protocolOf(key));
      return;
    }
    this.#serving = true;
    const known = this.#listeners.has(key);
    if (key.startsWith("udp:")) {
      if (service === undefined)
        throw new WarrenError("link.bad-order", `the listener ${key} names no service`, { status: 500 });
      // Given again when another service or another port of the guest gets it.
      if (known) this.#unlisten(key);
      this.#listeners.set(key, fd);
      this.#front.addUdpListener(key, fd, this.#routing.udpTarget(service, guestPort), { unboundedReplies });
    } else if (known) {
      closeSync(fd);
    } else {
      this.#listeners.set(key, fd);
      const protocol = protocolOf(key);
      if (protocol === "http") await this.#front.addHttpListener(key, fd);
      else if (protocol === "tcp") await this.#front.addTcpListener(key, fd);
      else await this.#front.addHttpsListener(key, fd);
    }
  }

  async #openUnix(asked: Asks["unix"]["body"]): ReturnType<OpenUnix> {
    try {
      const { body, fds } = await this.#control.ask("unix", asked);
      const [fd] = fds;
      return fd === undefined ? { error: body.error ?? "refused" } : { fd };
    } catch {
      return { error: "refused" };
    }
  }

  async #askStore(asked: Asks["store"]["body"]): Promise<StoreAnswer> {
    if (this.#control.alone) throw new NoDaemon();
    return (await this.#control.ask("store", asked)).body;
  }

  #unlisten(key: string): void {
    this.#front.removeListener(key);
    this.#listeners.delete(key);
  }

  #giveListener(key: string): void {
    const fd = this.#listeners.get(key);
    const { lane } = this.#control;
    if (fd === undefined || lane === undefined || !sendDescriptors(lane, [fd], Buffer.from(key))) {
      throw new WarrenError("link.no-listener", `the listener ${key} could not be given`, { status: 500 });
    }
  }

  /** What is served beside a guest. A deploy fails without it, a guest that is to run again does not. */
  async #openSites(spec: InstanceSpec, descriptors: readonly number[], wait: StartWait): Promise<void> {
    try {
      this.#sites.open(spec, descriptors);
    } catch (error) {
      if (wait === "listening") {
        await this.#guests.stop(spec.service, spec.revision, 0);
        throw error;
      }
      this.#log.add(spec.service, spec.revision, "warren", (error as Error).message);
    }
  }

  async #drain(graceMs: number): Promise<void> {
    const until = performance.now() + graceMs;
    // What holds its connections open has to be told in time that it is to end.
    const half = setTimeout(() => {
      for (const guest of this.#guests.all()) if (guest.kind === "stream") guest.terminate();
    }, graceMs / 2);
    await this.#front.drain(graceMs);
    clearTimeout(half);
    const leftMs = Math.max(0, until - performance.now());
    await Promise.all(
      this.#guests.all().map((guest) => {
        const asked = guest.kind === "stream" && guest.terminate();
        return this.#guests.stop(guest.spec.service, guest.spec.revision, asked ? leftMs : 0);
      }),
    );
    this.#log.flush();
    this.#accessLog.flush();
    // The answer and the last lines go out first.
    setTimeout(() => process.exit(0), 20);
  }
}

function protocolOf(key: string): "http" | "https" | "tcp" {
  return key.startsWith("https:") ? "https" : key.startsWith("http:") ? "http" : "tcp";
}

function noDescriptor(order: string): WarrenError {
  return new WarrenError("link.bad-order", `the order "${order}" came without its descriptors`, { status: 500 });
}
