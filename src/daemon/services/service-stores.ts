import { WarrenError } from "../../base/errors.ts";
import type { ServiceSpec, StoreView } from "../../control/service.ts";
import { parseSize } from "../../control/size.ts";
import type { KeyValueDatabase } from "../../store/key-value-database.ts";
import type { StoreGrant } from "../../worker/protocol.ts";
import type { DeployedService } from "./deployed-service.ts";

const bytesMaxDefault = 16 * 1024 * 1024;

/** What a worker is told of the stores that a service may open. */
export function storeGrants({ store = [] }: ServiceSpec): StoreGrant[] {
  return store.map(({ name, as, size, mode }) => ({
    identifier: as ?? name,
    name,
    mode: mode ?? "rw",
    ...(size === undefined ? {} : { bytesMax: parseSize(size) }),
  }));
}

/** What services and key-value stores have to do with each other: who lists which, and how large it may be. */
export class ServiceStores {
  readonly #database: KeyValueDatabase;
  readonly #namespaces: () => readonly string[];
  readonly #services: () => Iterable<DeployedService>;
  /** By `namespace/name`, what services say; undefined when it is to be looked at anew. */
  #sizes: Map<string, number> | undefined;

  constructor(
    database: KeyValueDatabase,
    namespaces: () => readonly string[],
    services: () => Iterable<DeployedService>,
  ) {
    this.#database = database;
    this.#namespaces = namespaces;
    this.#services = services;
  }

  /** A service was deployed or removed. */
  changed(): void {
    this.#sizes = undefined;
  }

  /** The least that a service says, of whom the one with this grant may still be on its way. */
  bytesMax(namespace: string, grant: StoreGrant): number {
    this.#sizes ??= this.#said();
    const said = this.#sizes.get(`${namespace}/${grant.name}`) ?? Number.POSITIVE_INFINITY;
    const least = Math.min(said, grant.bytesMax ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(least) ? least : bytesMaxDefault;
  }

  /** Throws `namespace.unknown`. */
  list(namespace: string): StoreView[] {
    this.#checkNamespace(namespace);
    return this.#database.list(namespace).map(({ name, bytes, keys }) => {
      const bytesMax = this.bytesMax(namespace, { identifier: name, name, mode: "ro" });
      return { name, bytes, keys, bytesMax, services: this.#users(namespace, name) };
    });
  }

  /** Throws `namespace.unknown`, `store.unknown` and `store.in-use`. */
  remove(namespace: string, name: string): void {
    this.#checkNamespace(namespace);
    const users = this.#users(namespace, name);
    if (users.length > 0)
      throw new WarrenError("store.in-use", `the store "${name}" is listed by ${users.join(", ")}`, {
        status: 409,
        hint: "remove these services first, or deploy them without it",
      });
    if (!this.#database.remove(namespace, name))
      throw new WarrenError("store.unknown", `there is no store "${name}" in the namespace "${namespace}"`, {
        status: 404,
        hint: "warren store ls shows those there are",
      });
  }

  #checkNamespace(namespace: string): void {
    if (!this.#namespaces().includes(namespace))
      throw new WarrenError("namespace.unknown", `there is no namespace "${namespace}"`, { status: 404 });
  }

  #said(): Map<string, number> {
    const sizes = new Map<string, number>();
    for (const { namespace, spec } of this.#services())
      for (const { name, bytesMax } of storeGrants(spec)) {
        const key = `${namespace}/${name}`;
        if (bytesMax !== undefined) sizes.set(key, Math.min(bytesMax, sizes.get(key) ?? bytesMax));
      }
    return sizes;
  }

  #users(namespace: string, store: string): string[] {
    return [...this.#services()]
      .filter((one) => one.namespace === namespace && (one.spec.store ?? []).some(({ name }) => name === store))
      .map(({ name }) => name)
      .sort((a, b) => (a < b ? -1 : 1));
  }
}
