import { formatListen } from "../../control/listen.ts";
import type { ServiceSpec } from "../../control/service.ts";
import type { Listeners } from "../listeners.ts";
import type { WorkerPool } from "../workers/worker-pool.ts";
import type { DeployedService } from "./deployed-service.ts";
import { ownListeners } from "./plan.ts";

/** The TCP and UDP listeners that services need for themselves. */
export class ServiceListeners {
  readonly #listeners: Listeners;
  readonly #pool: WorkerPool;
  readonly #services: ReadonlyMap<string, DeployedService>;

  constructor(listeners: Listeners, pool: WorkerPool, services: ReadonlyMap<string, DeployedService>) {
    this.#listeners = listeners;
    this.#pool = pool;
    this.#services = services;
  }

  /** Opens those of a spec, or none of them. The keys of those that were not open before. */
  open(spec: ServiceSpec): string[] {
    const opened: string[] = [];
    try {
      for (const { protocol, ip, port } of ownListeners(spec)) {
        const known = this.#listeners.get(formatListen({ protocol, ip, port })) !== undefined;
        const { key } = this.#listeners.open(protocol, { ip, port });
        if (!known) opened.push(key);
      }
    } catch (error) {
      for (const key of opened) this.#listeners.close(key);
      throw error;
    }
    return opened;
  }

  /** Closes those of a spec that no service wants any more. */
  release(spec: ServiceSpec): void {
    const own = ownListeners(spec);
    if (own.length === 0) return;
    const wanted = new Set<string>();
    for (const service of this.#services.values()) {
      if (service.desired === "running")
        for (const listen of ownListeners(service.spec)) wanted.add(formatListen(listen));
    }
    for (const listen of own) {
      const key = formatListen(listen);
      if (wanted.has(key)) continue;
      this.#listeners.close(key);
      for (const worker of this.#pool.reachable) worker.order("unlisten", { key }).catch(() => {});
    }
  }
}
