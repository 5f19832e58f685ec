import type { Socket } from "node:net";
import { OutboundPolicy } from "../../base/outbound-policy.ts";
import { RateLimit } from "../../base/rate-limit.ts";
import type { OutboundRights } from "../protocol.ts";

const limits = {
  connectingMax: 256,
  lookupsMax: 64,
  lookupsPerSecond: 50,
  lookupBurst: 100,
  datagramPortsMax: 256,
} as const;

/** What one guest may reach, and what it has under way. */
export class Permit {
  readonly policy: OutboundPolicy;
  readonly hasUdp: boolean;
  readonly #services: OutboundRights["services"];
  readonly #lookups = new RateLimit(limits.lookupsPerSecond, limits.lookupBurst);
  readonly #ports = new Set<Socket>();
  #connecting = 0;
  #lookingUp = 0;
  #closed: boolean = false;

  constructor({ grants, services }: OutboundRights) {
    this.policy = new OutboundPolicy(grants);
    this.hasUdp = grants.some(({ protocol }) => protocol === "udp");
    this.#services = services;
  }

  mayDial(service: string, port: number): boolean {
    return this.#services.some(
      (grant) => grant.service === service && port >= Math.max(grant.firstPort, 1) && port <= grant.lastPort,
    );
  }

  /** Runs a dial, or gives undefined when too many are under way. */
  async dialling<T>(dial: () => Promise<T>): Promise<T | undefined> {
    if (this.#connecting >= limits.connectingMax) return undefined;
    this.#connecting++;
    try {
      return await dial();
    } finally {
      this.#connecting--;
    }
  }

  /** Runs a lookup, or gives undefined when there are too many, at a time or a second. */
  async lookingUp<T>(lookUp: () => Promise<T>): Promise<T | undefined> {
    if (this.#lookingUp >= limits.lookupsMax || !this.#lookups.take(performance.now())) return undefined;
    this.#lookingUp++;
    try {
      return await lookUp();
    } finally {
      this.#lookingUp--;
    }
  }

  get morePorts(): boolean {
    return !this.#closed && this.#ports.size < limits.datagramPortsMax;
  }

  /** Its end of a stream of datagrams, which ends with the permit. */
  addPort(stream: Socket): void {
    this.#ports.add(stream);
    stream.on("close", () => this.#ports.delete(stream));
  }

  close(): void {
    this.#closed = true;
    for (const stream of this.#ports) stream.destroy();
  }
}
