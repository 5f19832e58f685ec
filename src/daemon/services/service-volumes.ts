import { WarrenError } from "../../base/errors.ts";
import type { ServiceSpec, VolumeView } from "../../control/service.ts";
import type { Volumes } from "../volumes/volumes.ts";
import type { DeployedService } from "./deployed-service.ts";
import { volumesOf } from "./plan.ts";

/** What services and volumes have to do with each other: who mounts which, and how large it may be. */
export class ServiceVolumes {
  readonly #volumes: Volumes;
  readonly #services: ReadonlyMap<string, DeployedService>;

  constructor(volumes: Volumes, services: ReadonlyMap<string, DeployedService>) {
    this.#volumes = volumes;
    this.#services = services;
  }

  /** Sets the size of every volume: the least that a service says, of whom this spec is one that is being deployed. */
  limit(namespace?: string, spec?: ServiceSpec): void {
    const limits = new Map<string, { namespace: string; name: string; bytesMax: number }>();
    const add = (namespace: string, spec: ServiceSpec) => {
      for (const { name, bytesMax = Number.POSITIVE_INFINITY } of volumesOf(spec)) {
        const before = limits.get(`${namespace}/${name}`)?.bytesMax ?? Number.POSITIVE_INFINITY;
        limits.set(`${namespace}/${name}`, { namespace, name, bytesMax: Math.min(before, bytesMax) });
      }
    };
    for (const service of this.#services.values())
      if (service.namespace !== namespace || service.name !== spec?.name) add(service.namespace, service.spec);
    if (namespace !== undefined && spec !== undefined) add(namespace, spec);
    for (const { namespace, name, bytesMax } of limits.values())
      this.#volumes.limit(namespace, name, Number.isFinite(bytesMax) ? bytesMax : undefined);
  }

  list(namespace: string): Promise<VolumeView[]> {
    return Promise.all(
      this.#volumes.list(namespace).map(async (name) => {
        const { bytes, bytesMax } = await this.#volumes.usage(namespace, name);
        return { name, bytes, ...(bytesMax === undefined ? {} : { bytesMax }), services: this.#users(namespace, name) };
      }),
    );
  }

  /** Throws `volume.unknown` and `volume.in-use`. */
  async remove(namespace: string, name: string): Promise<void> {
    const users = this.#users(namespace, name);
    if (users.length > 0)
      throw new WarrenError("volume.in-use", `the volume "${name}" is mounted by ${users.join(", ")}`, {
        status: 409,
        hint: "remove these services first, or deploy them without it",
      });
    await this.#volumes.remove(namespace, name);
  }

  #users(namespace: string, volume: string): string[] {
    const services = [...this.#services.values()].filter((service) => service.namespace === namespace);
    const names = services.flatMap(({ name, spec }) =>
      volumesOf(spec).some((one) => one.name === volume) ? [name] : [],
    );
    return names.sort((a, b) => (a < b ? -1 : 1));
  }
}
