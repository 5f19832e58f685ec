import { HostTable } from "./host-table.ts";
import { type Asked, holds } from "./route-condition.ts";
import type { RouteEntry } from "./route-entry.ts";

/** The prefixes below one host. Most have one route, for all paths: it needs no map. */
class RoutePrefixes {
  /** Of the host, as the table has it. */
  readonly name: string;
  #root: RouteEntry | undefined;
  #byPath: Map<string, RouteEntry> | undefined;
  #depthMax = 0;

  constructor(name: string) {
    this.name = name;
  }

  get empty(): boolean {
    return this.#root === undefined && this.#byPath === undefined;
  }

  /** Whose they are: a host belongs to one tenant. */
  get owner(): string {
    const [first] = this.#root === undefined ? (this.#byPath?.values() ?? []) : [this.#root];
    return first === undefined ? "" : tenantOf(first.service);
  }

  get(path: string): RouteEntry | undefined {
    return path === "" ? this.#root : this.#byPath?.get(path);
  }

  set(path: string, entry: RouteEntry): void {
    if (path === "") {
      this.#root = entry;
      return;
    }
    this.#byPath ??= new Map();
    this.#byPath.set(path, entry);
    this.#depthMax = Math.max(this.#depthMax, path.split("/").length - 1);
  }

  delete(path: string): void {
    if (path === "") this.#root = undefined;
    else if (this.#byPath?.delete(path) && this.#byPath.size === 0) this.#byPath = undefined;
  }

  /** The longest prefix of `path`. Looks at no more segments than the longest prefix has, however long the path is. */
  find(path: string, request: Asked | undefined): RouteEntry | undefined {
    let found = pick(this.#root, request);
    const byPath = this.#byPath;
    if (byPath === undefined) return found;
    let end = 0;
    for (let depth = 1; depth <= this.#depthMax && end >= 0 && end < path.length; depth++) {
      end = path.indexOf("/", end + 1);
      found = pick(byPath.get(end < 0 ? path : path.slice(0, end)), request) ?? found;
    }
    return found;
  }
}

/** The hosts of one listener, for one dialled address or for any. */
export class RouteHosts {
  /** By name, wildcards by what follows the `*`: `.example.com`. */
  readonly #named = new HostTable<RoutePrefixes>();
  readonly #any = new RoutePrefixes("");
  /** What one look-up finds. */
  readonly #found: RoutePrefixes[] = [];

  get empty(): boolean {
    return this.#named.size === 0 && this.#any.empty;
  }

  /** Those of a name, of a wildcard, or of any host when it is empty. */
  prefixes(host: string, make: boolean): RoutePrefixes | undefined {
    if (host === "") return this.#any;
    const name = nameOf(host);
    let prefixes = this.#named.get(name);
    if (prefixes === undefined && make) {
      prefixes = new RoutePrefixes(plain(name));
      this.#named.add(prefixes);
    }
    return prefixes;
  }

  forget(host: string): void {
    if (host !== "" && this.prefixes(host, false)?.empty === true) this.#named.delete(nameOf(host));
  }

  find(host: string, path: string, request: Asked | undefined): RouteEntry | undefined {
    const named = this.named(host, path, request);
    if (named !== undefined) return named;
    const any = this.#any.find(path, request);
    if (any === undefined) return undefined;
    const owner = this.owner(host);
    return owner === undefined || owner === tenantOf(any.service) ? any : undefined;
  }

  /** By a route that names the host, exactly or by a wildcard. */
  named(host: string, path: string, request: Asked | undefined): RouteEntry | undefined {
    let owner: string | undefined;
    for (let at = this.#named.find(host, this.#found) - 1; at >= 0; at--) {
      const prefixes = this.#found[at]!;
      const found = prefixes.find(path, request);
      if (found !== undefined && (owner === undefined || owner === tenantOf(found.service))) return found;
      if (prefixes.name.length === host.length) owner = prefixes.owner;
    }
    return undefined;
  }

  anyHost(path: string, request: Asked | undefined): RouteEntry | undefined {
    return this.#any.find(path, request);
  }

  /** Whose routes name this host; undefined when nobody's do. */
  owner(host: string): string | undefined {
    const count = this.#named.find(host, this.#found);
    return count === 0 ? undefined : this.#found[count - 1]!.owner;
  }
}

/** What follows the `*` of a wildcard. */
function nameOf(host: string): string {
  return host.startsWith("*.") ? host.slice(1) : host;
}

function pick(head: RouteEntry | undefined, request: Asked | undefined): RouteEntry | undefined {
  if (head === undefined || head.when === undefined) return head;
  for (let entry: RouteEntry | undefined = head; entry !== undefined; entry = entry.next)
    if (entry.when === undefined || holds(entry.when, request)) return entry;
  return undefined;
}

/** The namespace of `namespace/name`; a service of a name without one has none. */
export function tenantOf(service: string): string {
  return service.slice(0, Math.max(0, service.indexOf("/")));
}

/** The same text with bytes of its own: part of another string, it would hold that, and take longer to compare. */
function plain(text: string): string {
  return Buffer.from(text).toString();
}
