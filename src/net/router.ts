import { WarrenError } from "../base/errors.ts";
import { hostName } from "./http1/host.ts";
import { readings } from "./path.ts";
import type { Asked, Conditions } from "./route-condition.ts";
import { chainOf, entriesOf, RouteEntry } from "./route-entry.ts";
import { RouteHosts, tenantOf } from "./route-hosts.ts";
import type { StreamTerms } from "./stream-terms.ts";
import type { RouteTarget } from "./target.ts";

/**
 * - `off`: plain HTTP is served as HTTP over TLS is
 * - `only`: plain HTTP is refused
 * - `passthrough`: the guest does TLS itself
 */
export type RouteTls = "off" | "only" | "passthrough";

/** A part of a listener's traffic and where it goes. */
export interface RouteRule extends Conditions {
  /** The listener's key. */
  readonly listener: string;
  /** A name, or `*.example.com` for every name below; any host when absent. */
  readonly host?: string;
  /** Prefix, matched at a segment boundary; `/` when absent. */
  readonly path?: string;
  /** The address that the client dialled; any when absent. */
  readonly ip?: string;
  /** The guest sees the path without the prefix. */
  readonly strip?: boolean;
  /** This part of the requests, 0 to 1; what the others leave when absent. */
  readonly share?: number;
  /** It cannot answer at the moment; false counts where another service has the same route only. */
  readonly able?: boolean;
  /** Clients stay with the service that they came to, by a cookie with this value. */
  readonly sticky?: string;
  /** Of a TCP listener's. */
  readonly stream?: StreamTerms;
  /** What becomes of plain HTTP, where a redirect to TLS is not what is wanted. */
  readonly tls?: RouteTls;
  /** For so many seconds clients are to come over TLS only. */
  readonly hsts?: number;
  /** The service's answers are compressed for clients that accept it. */
  readonly compress?: boolean;
  readonly target: RouteTarget;
  /** WebSockets are checked on their way. */
  readonly webSocket?: "check";
}

export interface Match<Target extends RouteTarget = RouteTarget> {
  readonly target: Target;
  /** The prefix that matched, without a slash at its end; empty for `/`. */
  readonly path: string;
  readonly service: string;
  /** The guest sees the path without the prefix. */
  readonly strip: boolean;
  /** All that have the same route, this one among them, when they are several: one is to be chosen (net/shares.ts). */
  readonly alternatives: readonly Alternative[] | undefined;
  readonly stream: StreamTerms | undefined;
  readonly tls: RouteTls | undefined;
  readonly hsts: number | undefined;
  readonly webSocket: "check" | undefined;
  readonly compress: boolean;
}

/** One of the services that share a route. */
export interface Alternative extends Match {
  readonly share: number | undefined;
  readonly able: boolean;
  /** The cookie's value of clients that stay with it; undefined where none do. */
  readonly token: string | undefined;
}

/** Where requests go. Lookups cost the same for one service and for thousands. */
export class RouteTable {
  /** By listener, then by dialled address; `""` for any. */
  readonly #listeners = new Map<string, Map<string, RouteHosts>>();
  readonly #services = new Map<string, readonly RouteRule[]>();
  /** How many routes have conditions. */
  #conditional = 0;

  /**
   * Gives a service these routes in place of those it had. Throws `route.conflict` (409) when another service has one of
   * them; then nothing has changed.
   */
  set(service: string, rules: readonly RouteRule[]): void {
    const entries = rules.map((rule) => new RouteEntry(service, pathOf(rule), rule));
    for (const [index, entry] of entries.entries()) this.#check(rules[index]!, entry);
    this.delete(service);
    this.#services.set(service, rules);
    for (const [index, entry] of entries.entries()) {
      const place = this.#hosts(rules[index]!, true)!.prefixes(hostOf(rules[index]!), true)!;
      place.set(entry.path, chainOf([...entriesOf(place.get(entry.path)), entry])!);
      if (entry.when !== undefined) this.#conditional++;
    }
  }

  delete(service: string): void {
    for (const rule of this.#services.get(service) ?? []) {
      const byIp = this.#listeners.get(rule.listener);
      const hosts = byIp?.get(rule.ip ?? "");
      const place = hosts?.prefixes(hostOf(rule), false);
      const entries = entriesOf(place?.get(pathOf(rule)));
      const left = entries.filter((entry) => entry.service !== service);
      for (const entry of entries) if (entry.service === service && entry.when !== undefined) this.#conditional--;
      const chain = chainOf(left);
      if (chain === undefined) place?.delete(pathOf(rule));
      else place?.set(pathOf(rule), chain);
      hosts?.forget(hostOf(rule));
      if (hosts?.empty) byIp?.delete(rule.ip ?? "");
    }
    this.#services.delete(service);
  }

  /**
   * The most specific route: the address dialled before any address, an exact host before the longest wildcard before any
   * host, then the longest prefix, then the conditions. The next one is tried where a host has no route for the path; but a
   * host that a tenant has named is served by that tenant's routes alone.
   *
   * The path goes to the guest as it is; so where `suspicious` says that it may hold dot segments and removing them would
   * lead to another route, or above a prefix that is taken off, it is refused with `route.path` (400).
   */
  match(
    listener: string,
    host: string,
    path: string,
    suspicious: boolean,
    ip: string,
    request?: Asked,
  ): Match | undefined {
    const byIp = this.#listeners.get(listener);
    if (byIp === undefined) return undefined;
    const name = hostName(host);
    const match = find(byIp, ip, name, path, request);
    if (!suspicious) return match;
    for (const reading of readings(path)) {
      if (find(byIp, ip, name, reading, request) !== match)
        throw new WarrenError("route.path", "the path leaves the service that it begins in");
    }
    // It climbs above its root, if it does, for a guest that sees the rest alone.
    if (match?.strip) readings(path.slice(match.path.length) || "/");
    return match;
  }

  /** The methods for which there would be a route where there is none for this request's. */
  methodsOf(listener: string, host: string, path: string, ip: string, request: Asked): string[] {
    const byIp = this.#listeners.get(listener);
    if (byIp === undefined || this.#conditional === 0) return [];
    const name = hostName(host);
    const field = (field: string): string | undefined => request.field(field);
    return methods.filter((method) => find(byIp, ip, name, path, { method, field }) !== undefined);
  }

  #check(rule: RouteRule, entry: RouteEntry): void {
    const { service, share } = entry;
    const place = this.#hosts(rule, false)?.prefixes(hostOf(rule), false);
    const taken = entriesOf(place?.get(entry.path)).find(
      (other) =>
        other.service !== service &&
        other.when?.key === entry.when?.key &&
        ((other.share === undefined && share === undefined) || tenantOf(other.service) !== tenantOf(service)),
    );
    if (taken === undefined) return;
    throw new WarrenError("route.conflict", `${describe(rule)} belongs to ${taken.service} already`, {
      status: 409,
      hint: `Give ${service} another host or path, or remove ${taken.service}.`,
    });
  }

  #hosts(rule: RouteRule, make: boolean): RouteHosts | undefined {
    const { listener, ip = "" } = rule;
    let byIp = this.#listeners.get(listener);
    if (byIp === undefined && make) {
      byIp = new Map();
      this.#listeners.set(listener, byIp);
    }
    let hosts = byIp?.get(ip);
    if (hosts === undefined && make) {
      hosts = new RouteHosts();
      byIp!.set(ip, hosts);
    }
    return hosts;
  }
}

/** Those that a 405 tells of (RFC 9110 §9.3, RFC 5789). */
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function find(
  byIp: ReadonlyMap<string, RouteHosts>,
  ip: string,
  host: string,
  path: string,
  request: Asked | undefined,
): RouteEntry | undefined {
  const all = byIp.get("");
  const own = byIp.size > 1 || all === undefined ? byIp.get(ip) : undefined;
  if (own === undefined) return all?.find(host, path, request);
  const owner = own.owner(host) ?? all?.owner(host);
  for (const hosts of [own, all]) {
    const named = hosts?.named(host, path, request);
    if (named !== undefined && (owner === undefined || tenantOf(named.service) === owner)) return named;
    const any = hosts?.anyHost(path, request);
    if (any !== undefined && (owner === undefined || tenantOf(any.service) === owner)) return any;
  }
  return undefined;
}

function hostOf(rule: RouteRule): string {
  return rule.host === undefined ? "" : hostName(rule.host);
}

function pathOf(rule: RouteRule): string {
  return (rule.path ?? "").replace(/\/+$/, "");
}

function describe(rule: RouteRule): string {
  return `the route ${rule.host ?? "*"}${rule.path ?? "/"} on ${rule.listener}${rule.ip === undefined ? "" : ` at ${rule.ip}`}`;
}
