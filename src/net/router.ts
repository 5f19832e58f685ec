import { WarrenError } from "../base/errors.ts";
import { hostName } from "./http1/host.ts";
import { readings } from "./path.ts";
import type { StreamTerms } from "./stream-terms.ts";
import type { RouteTarget } from "./target.ts";

/**
 * - `off`: plain HTTP is served as HTTP over TLS is
 * - `only`: plain HTTP is refused
 * - `passthrough`: the guest does TLS itself
 */
export type RouteTls = "off" | "only" | "passthrough";

/** A part of a listener's traffic and where it goes. */
export interface RouteRule {
  /** The listener's key. */
  readonly listener: string;
  /** A name, or `*.example.com` for every name below; any host when absent. */
  readonly host?: string;
  /** Prefix, matched at a segment boundary; `/` when absent. */
  readonly path?: string;
  /** The address that the client dialled; any when absent. */
  readonly ip?: string;
  /** Of a TCP listener's. */
  readonly stream?: StreamTerms;
  /** What becomes of plain HTTP, where a redirect to TLS is not what is wanted. */
  readonly tls?: RouteTls;
  readonly target: RouteTarget;
  /** WebSockets are checked on their way. */
  readonly webSocket?: "check";
}

export interface Match<Target extends RouteTarget = RouteTarget> {
  readonly target: Target;
  /** The prefix that matched, without a slash at its end; empty for `/`. */
  readonly path: string;
  readonly service: string;
  readonly stream?: StreamTerms;
  readonly tls?: RouteTls;
  readonly webSocket?: "check";
}

/** The prefixes below one host. */
class Prefixes {
  readonly #byPath = new Map<string, Match>();
  #depthMax = 0;

  get empty(): boolean {
    return this.#byPath.size === 0;
  }
  get(path: string): Match | undefined {
    return this.#byPath.get(path);
  }
  set(match: Match): void {
    this.#byPath.set(match.path, match);
    this.#depthMax = Math.max(this.#depthMax, match.path.split("/").length - 1);
  }
  delete(path: string): void {
    this.#byPath.delete(path);
  }

  /** The longest prefix of `path`. Looks at no more segments than the longest prefix has, however long the path is. */
  find(path: string): Match | undefined {
    let found = this.#byPath.get("");
    let end = 0;
    for (let depth = 1; depth <= this.#depthMax && end >= 0 && end < path.length; depth++) {
      end = path.indexOf("/", end + 1);
      found = this.#byPath.get(end < 0 ? path : path.slice(0, end)) ?? found;
    }
    return found;
  }
}

/** The hosts of one listener, for one dialled address or for any. */
class Hosts {
  readonly #exact = new Map<string, Prefixes>();
  /** By what follows the `*`: `.example.com`. */
  readonly #wildcard = new Map<string, Prefixes>();
  readonly #any = new Prefixes();

  prefixes(host: string, make: boolean): Prefixes | undefined {
    if (host === "") return this.#any;
    const wildcard = host.startsWith("*.");
    const map = wildcard ? this.#wildcard : this.#exact;
    const key = wildcard ? host.slice(1) : host;
    let prefixes = map.get(key);
    if (prefixes === undefined && make) {
      prefixes = new Prefixes();
      map.set(key, prefixes);
    }
    return prefixes;
  }

  forget(host: string): void {
    if (host === "" || this.prefixes(host, false)?.empty !== true) return;
    if (host.startsWith("*.")) this.#wildcard.delete(host.slice(1));
    else this.#exact.delete(host);
  }

  find(host: string, path: string): Match | undefined {
    const exact = this.#exact.get(host)?.find(path);
    if (exact !== undefined) return exact;
    if (this.#wildcard.size > 0) {
      for (let dot = host.indexOf("."); dot > 0; dot = host.indexOf(".", dot + 1)) {
        const found = this.#wildcard.get(host.slice(dot))?.find(path);
        if (found !== undefined) return found;
      }
    }
    return this.#any.find(path);
  }
}

/** Where requests go. Lookups cost the same for one service and for thousands. */
export class RouteTable {
  /** By listener, then by dialled address; `""` for any. */
  readonly #listeners = new Map<string, Map<string, Hosts>>();
  readonly #services = new Map<string, readonly RouteRule[]>();

  /**
   * Gives a service these routes in place of those it had. Throws `route.conflict` (409) when another service has one of
   * them; then nothing has changed.
   */
  set(service: string, rules: readonly RouteRule[]): void {
    for (const rule of rules) {
      const taken = this.#hosts(rule, false)?.prefixes(hostOf(rule), false)?.get(pathOf(rule));
      if (taken !== undefined && taken.service !== service) {
        throw new WarrenError("route.conflict", `${describe(rule)} belongs to ${taken.service} already`, {
          status: 409,
          hint: `Give ${service} another host or path, or remove ${taken.service}.`,
        });
      }
    }
    this.delete(service);
    this.#services.set(service, rules);
    for (const rule of rules) {
      this.#hosts(rule, true)!
        .prefixes(hostOf(rule), true)!
        .set({
          target: rule.target,
          path: pathOf(rule),
          service,
          ...(rule.stream === undefined ? {} : { stream: rule.stream }),
          ...(rule.tls === undefined ? {} : { tls: rule.tls }),
          ...(rule.webSocket === undefined ? {} : { webSocket: rule.webSocket }),
        });
    }
  }

  delete(service: string): void {
    for (const rule of this.#services.get(service) ?? []) {
      const hosts = this.#hosts(rule, false);
      hosts?.prefixes(hostOf(rule), false)?.delete(pathOf(rule));
      hosts?.forget(hostOf(rule));
    }
    this.#services.delete(service);
  }

  /**
   * The most specific route: the address dialled before any address, an exact host before the longest wildcard before any
   * host, then the longest prefix. The next one is tried where a host has no route for the path.
   *
   * The path goes to the guest as it is; so where `suspicious` says that it may hold dot segments and removing them would
   * lead to another route, it is refused with `route.path` (400).
   */
  match(listener: string, host: string, path: string, suspicious: boolean, ip: string): Match | undefined {
    const byIp = this.#listeners.get(listener);
    if (byIp === undefined) return undefined;
    const name = hostName(host);
    const match = find(byIp, ip, name, path);
    if (!suspicious) return match;
    for (const reading of readings(path)) {
      if (find(byIp, ip, name, reading) !== match)
        throw new WarrenError("route.path", "the path leaves the service that it begins in");
    }
    return match;
  }

  #hosts(rule: RouteRule, make: boolean): Hosts | undefined {
    const { listener, ip = "" } = rule;
    let byIp = this.#listeners.get(listener);
    if (byIp === undefined && make) {
      byIp = new Map();
      this.#listeners.set(listener, byIp);
    }
    let hosts = byIp?.get(ip);
    if (hosts === undefined && make) {
      hosts = new Hosts();
      byIp!.set(ip, hosts);
    }
    return hosts;
  }
}

function find(byIp: Map<string, Hosts>, ip: string, host: string, path: string): Match | undefined {
  const dialled = byIp.size > 1 || !byIp.has("") ? byIp.get(ip)?.find(host, path) : undefined;
  return dialled ?? byIp.get("")?.find(host, path);
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
