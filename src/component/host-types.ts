import { assert } from "../base/assert.ts";
import type { HostInterface } from "./host.ts";
import type { HostResourceName } from "./linking.ts";
import { parseWit, type WitInterface } from "./wit.ts";

/** What is offered to components, from the declarations of the hosts. */
export interface HostTypes {
  /** The interface that answers to an import, by its name and its version as the component has it. */
  find(name: string, version: string): WitInterface | undefined;
  /** Whether an interface of this name is offered in any version. */
  versions(name: string): readonly string[];
  /** For linking: an interface may use the resource of another, and a component may declare it as its own. */
  readonly hostResource: HostResourceName;
}

/** Reads the declarations of all hosts. They may use each other's types, in any order. */
export function hostTypes(hosts: readonly Pick<HostInterface<never>, "name" | "version" | "wit">[]): HostTypes {
  const parsed = new Map<string, WitInterface>();
  const open = new Set<string>();
  const parse = (host: Pick<HostInterface<never>, "name" | "version" | "wit">): WitInterface => {
    const key = `${host.name}@${host.version}`;
    const known = parsed.get(key);
    if (known !== undefined) return known;
    assert(!open.has(key), `WIT: ${key} uses itself`);
    open.add(key);
    const result = parseWit(host.name, host.wit, (name) => {
      const used =
        hosts.find((other) => other.name === name && other.version === host.version) ??
        hosts.find((other) => other.name === name);
      assert(used !== undefined, `WIT: ${key} uses ${name}, which no host offers`);
      return parse(used);
    });
    parsed.set(key, result);
    return result;
  };
  const offers = hosts.map((host) => ({ host, interface: parse(host) }));
  const find = (name: string, version: string) =>
    offers.find(({ host }) => host.name === name && offersVersion(host.version, version))?.interface;
  return {
    find,
    versions: (name) => offers.filter(({ host }) => host.name === name).map(({ host }) => host.version),
    hostResource: (interfaceName, name) => {
      for (const offer of offers) {
        const type = offer.host.name === interfaceName ? offer.interface.types.get(name) : undefined;
        if (type?.kind === "resource" && type.resource.origin === "host") return type.resource;
      }
      return { interface: interfaceName, name };
    },
  };
}

/**
 * Whether an offer `0.2` or `1` answers to a version: all of the same minor version below 1.0, all of the same major version from there on
 * (Semantic Versioning 2.0). A version before a release, or an offer of just one version, is matched as it is.
 */
export function offersVersion(offer: string, version: string): boolean {
  if (offer === version) return true;
  return /^(?:0\.[1-9]\d*|[1-9]\d*)$/.test(offer) && /^\d+(?:\.\d+)*$/.test(version) && version.startsWith(`${offer}.`);
}
