import { duplicate } from "../base/native-socket.ts";
import { type AnswerTarget, fixedAnswer } from "../net/answer.ts";
import type { Front } from "../net/front.ts";
import { redirecting } from "../net/redirect.ts";
import type { DatagramTarget, ElsewhereTarget, Passage, RouteTarget, StreamTarget } from "../net/target.ts";
import { passthroughKey } from "../net/tls/passthrough-key.ts";
import { newActivity } from "./activity.ts";
import type { Guest, Guests } from "./guests.ts";
import type { StreamConduits } from "./outbound/stream-conduit.ts";
import { PeerFronts } from "./peer-front.ts";
import type { Peers } from "./peers.ts";
import type { Placement, RouteAnswer, RouteEntry } from "./protocol.ts";
import { unavailable } from "./server-guest.ts";
import type { Sites } from "./sites.ts";

/** How long a connection waits for a service that no worker holds at the moment: its worker died, or it is being moved. */
const placementWaitMs = 15_000;
const placementWaitersMax = 4096;

interface Waiter {
  resolve(): void;
  timer: NodeJS.Timeout;
}

/** Turns placements into what the front routes to: a guest of this worker, another worker, or a refusal. */
export class Routing {
  readonly #id: string;
  readonly #front: Front;
  readonly #guests: Guests;
  readonly #peers: Peers;
  readonly #sites: Sites;
  readonly #placements = new Map<string, Placement>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #peerFronts: PeerFronts;

  constructor(id: string, front: Front, guests: Guests, peers: Peers, sites: Sites, streams: StreamConduits) {
    this.#id = id;
    this.#front = front;
    this.#guests = guests;
    this.#peers = peers;
    this.#sites = sites;
    this.#peerFronts = new PeerFronts(streams, (service, fd, bytes, passage) =>
      this.#pass(service, fd, bytes, passage),
    );
  }

  place(placement: Placement): void {
    const { service } = placement;
    if (this.#placements.get(service)?.worker !== placement.worker) this.#leavePeers(service);
    this.#placements.set(service, placement);
    const able = placement.state === "on" && !placement.failing;
    this.#front.router.set(
      service,
      placement.routes.flatMap((route) => {
        const rule = { ...route, able, target: this.#target(placement, route) };
        // On https listeners by the host of the hello, too; as it is, for requests that must not go anywhere else.
        return route.tls === "passthrough" && route.listener.startsWith("https:")
          ? [rule, { ...rule, listener: passthroughKey(route.listener) }]
          : [rule];
      }),
    );
    this.#sites.close(service, placement.state === "off" ? placement.revision : placement.revision - 1);
    if (placement.worker === undefined && placement.state === "on") return;
    this.#wake(service);
  }

  #wake(service: string): void {
    for (const waiter of this.#waiters.get(service) ?? []) {
      clearTimeout(waiter.timer);
      waiter.resolve();
    }
    this.#waiters.delete(service);
  }

  /** Where a service is, as the daemon last said. */
  placement(service: string): Placement | undefined {
    return this.#placements.get(service);
  }

  /** Resolves when a worker has the service that none or another had, or after `waitMs`. Rejects with `service.unavailable`. */
  async changed(service: string, waitMs: number): Promise<void> {
    await this.#change(service, waitMs);
  }

  displace(service: string): void {
    this.#placements.delete(service);
    this.#guests.policies.forget(service);
    this.#front.router.delete(service);
    this.#sites.close(service);
    this.#sites.guestless.forget(service);
    this.#leavePeers(service);
    this.#wake(service);
  }

  /** The target of a UDP listener: whatever guest the service has here when a datagram comes. */
  udpTarget(service: string, guestPort: number): DatagramTarget {
    return {
      activity: newActivity(),
      deliver: (data, peer) => {
        const guest = this.#current(service);
        if (guest?.kind === "stream") guest.deliver(guestPort, data, peer);
      },
    };
  }

  #current(service: string): Guest | undefined {
    const placement = this.#placements.get(service);
    return placement && this.#guests.get(service, placement.revision);
  }

  #target(placement: Placement, route: RouteEntry): RouteTarget {
    const { service, revision, worker, state } = placement;
    if (state === "off") return refusing(service, "it is stopped");
    if (route.answer !== undefined) {
      const policy = this.#guests.policies.of({ service, revision, ...placement.terms });
      return { ...answering(route.answer), policy, activity: this.#sites.guestless.of(service) };
    }
    if (route.site !== undefined) {
      const site = this.#sites.get(service, revision, route.site);
      if (site !== undefined) return site;
      return worker === this.#id ? refusing(service, "its files could not be opened") : this.#elsewhere(service, route);
    }
    const guest = this.#guests.get(service, revision);
    if (guest?.kind === "request") return guest;
    if (guest?.kind === "stream" && worker === this.#id) {
      const target = guest.target(route.guestPort);
      return route.protocol === "h2c" ? this.#front.speakingHttp2(target) : target;
    }
    if ((placement.kind === "cgi" || placement.kind === "handler") && worker === this.#id)
      return refusing(service, "its program could not be loaded");
    return this.#elsewhere(service, route);
  }

  #elsewhere(service: string, { listener, protocol }: RouteEntry): ElsewhereTarget {
    const proxied = this.#peerFronts.target(service, listener);
    return {
      kind: "elsewhere",
      pass: (fd, bytes, passage) => this.#pass(service, fd, bytes, passage),
      proxied,
      ...(protocol === "h2c" ? { multiplexed: this.#front.speakingHttp2(proxied) } : {}),
    };
  }

  #leavePeers(service: string): void {
    for (const target of this.#peerFronts.forget(service)) this.#front.retire(target);
  }

  async #pass(service: string, fd: number, bytes: Uint8Array, passage: Passage): Promise<void> {
    const deadline = performance.now() + placementWaitMs;
    while (performance.now() < deadline) {
      const placement = this.#placements.get(service);
      if (placement === undefined || placement.worker === this.#id || placement.state === "off") {
        // It came here while the connection waited, or there is another answer now: the routes say.
        this.#front.adopt(duplicate(fd), bytes, passage);
        return;
      }
      if (placement.worker !== undefined && (await this.#peers.send(placement.worker, fd, bytes, passage))) return;
      if (this.#placements.get(service) !== placement) continue;
      await this.#change(service, deadline - performance.now());
    }
    throw unavailable(service, "it has no instance");
  }

  /** Resolves when the service's placement changes to a worker that may take it, or after `waitMs`. */
  #change(service: string, waitMs: number): Promise<void> {
    const waiters = this.#waiters.get(service) ?? [];
    if (waiters.length >= placementWaitersMax) throw unavailable(service, "too many requests wait for it");
    this.#waiters.set(service, waiters);
    return new Promise<void>((resolve) => {
      const late = (): void => {
        const index = waiters.indexOf(waiter);
        if (index >= 0) waiters.splice(index, 1);
        resolve();
      };
      const waiter = { resolve, timer: setTimeout(late, waitMs) };
      waiters.push(waiter);
    });
  }
}

function answering(answer: RouteAnswer): AnswerTarget {
  if (answer.kind === "redirect") return redirecting(answer.to, answer.status);
  const { status, body, type } = answer;
  return fixedAnswer({
    status,
    fields: body === "" ? [] : [["Content-Type", type]],
    body: Buffer.from(body),
  });
}

function refusing(service: string, why: string): StreamTarget {
  return {
    kind: "stream",
    activity: newActivity(),
    connect: () => {
      throw unavailable(service, why);
    },
  };
}
