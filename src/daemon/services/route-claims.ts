import { WarrenError } from "../../base/errors.ts";
import { canonicalIp, formatListen, routeListen } from "../../control/listen.ts";
import type { Route } from "../../control/route.ts";
import { routeConditionKey, shareOf } from "../../control/route.ts";
import type { ServiceSpec } from "../../control/service.ts";
import { NameTree } from "./name-tree.ts";
import { routesOf } from "./plan.ts";

/** Any host: the name that stands for it where names are assigned. */
export const anyHost = "*";

/** The spot of HTTP routes for any host, and of those that name one. */
const httpSpot = "http";
const namedSpot = "named";

/** One route, as far as it matters to others. */
interface Claim {
  /** Listener, address, host, path and conditions: two with the same take the same traffic. */
  readonly place: string;
  /** The same for people. */
  readonly text: string;
  readonly share: number | undefined;
  /** Of an HTTP route. */
  readonly host: string | undefined;
  /** Where it takes what it takes: at a port of its own, or of HTTP with and without a name. */
  readonly spot: string;
  /** The address dialled, where the route names one. */
  readonly ip: string | undefined;
}

/** The routes of one revision of a service. */
interface Holder {
  readonly namespace: string;
  readonly key: string;
  readonly claims: readonly Claim[];
}

/** Routes that a deploy holds until it has succeeded or failed; nobody else can have them meanwhile. */
export interface Reservation {
  /** They are the service's now, and those it had before are free. */
  keep(): void;
  /** It goes on with those it had; nothing is done after {@link keep}. */
  cancel(): void;
}

/**
 * Who has which routes and host names. A host name belongs to the namespace whose services have it, or that it was assigned
 * to; a wildcard takes all names below. What another namespace has is never named.
 */
export class RouteClaims {
  readonly #places = new Map<string, { holder: Holder; claim: Claim }[]>();
  readonly #names = new NameTree();
  /** How many claims each namespace has of a spot, at an address or, below "", at any. */
  readonly #spots = new Map<string, Map<string, Map<string, number>>>();
  readonly #assigned = new Map<string, string>();
  readonly #current = new Map<string, Holder>();

  /** What a service has had since before this daemon: taken as it is. */
  load(namespace: string, spec: ServiceSpec): void {
    this.#hold(holderOf(namespace, spec));
  }

  /** Throws `route.conflict` and `domain.taken` (409). */
  reserve(namespace: string, spec: ServiceSpec): Reservation {
    const holder = holderOf(namespace, spec);
    for (const claim of holder.claims) this.#check(holder, claim);
    const before = this.#current.get(holder.key);
    this.#hold(holder);
    let open = true;
    const settle = (over: Holder | undefined, current: Holder | undefined): void => {
      if (!open) return;
      open = false;
      if (over !== undefined) this.#drop(over);
      if (current === undefined) this.#current.delete(holder.key);
      else this.#current.set(holder.key, current);
    };
    return { keep: () => settle(before, holder), cancel: () => settle(holder, before) };
  }

  release(key: string): void {
    const holder = this.#current.get(key);
    if (holder === undefined) return;
    this.#current.delete(key);
    this.#drop(holder);
  }

  /** The other services that answer a part of what one's routes take. */
  sharers(key: string): string[] {
    const held = (this.#current.get(key)?.claims ?? []).flatMap(({ place }) => this.#places.get(place) ?? []);
    return [...new Set(held.map(({ holder }) => holder.key))].filter((other) => other !== key);
  }

  /** Of a name with all below it, an address, or {@link anyHost}. Throws `domain.taken` when another namespace uses it. */
  checkAssignment(domain: string, namespace: string): void {
    const owner = this.#assigned.get(domain) ?? namespace;
    if (owner !== namespace || this.#usedByOthers(domain, namespace))
      throw new WarrenError("domain.taken", `${domain} is used by another namespace`, {
        status: 409,
        hint: "take it from that one first",
      });
  }

  loadDomain(domain: string, namespace: string): void {
    this.unassign(domain);
    this.#assigned.set(domain, namespace);
    if (domain !== anyHost && !isAddress(domain)) this.#names.assign(domain, namespace);
  }

  unassign(domain: string): void {
    if (!this.#assigned.delete(domain)) return;
    if (domain !== anyHost && !isAddress(domain)) this.#names.unassign(domain);
  }

  #usedByOthers(domain: string, namespace: string): boolean {
    if (domain === anyHost) return hasOthers(this.#spots.get(httpSpot)?.get(""), namespace);
    if (isAddress(domain)) return [...this.#spots.values()].some((spot) => hasOthers(spot.get(domain), namespace));
    return this.#names.usedByOthers(domain, namespace);
  }

  #check(holder: Holder, claim: Claim): void {
    const { namespace, key } = holder;
    const { share, host, spot, ip, text } = claim;
    if (host !== undefined && this.#names.taken(host, namespace)) throw hostTaken(`the host ${host}`, namespace);
    const address = ip === undefined ? undefined : this.#assigned.get(ip);
    if (address !== undefined && address !== namespace) throw hostTaken(`the address ${ip}`, namespace);
    if (spot !== namedSpot && address === undefined && this.#spotTaken(spot, ip, namespace))
      throw spot === httpSpot
        ? hostTaken(`what has no other host${ip === undefined ? "" : ` on ${ip}`}`, namespace)
        : conflict(text, "a service of another namespace", "");
    const others = (this.#places.get(claim.place) ?? []).filter((one) => one.holder.key !== key);
    const foreign = others.some((one) => one.holder.namespace !== namespace);
    const same = others.find((one) => one.claim.share === undefined && share === undefined);
    if (foreign) throw conflict(text, "a service of another namespace", "");
    if (same !== undefined) throw conflict(text, same.holder.key, `, or remove ${same.holder.key} first`);
    const parts = new Map(others.map((one) => [one.holder.key, one.claim.share ?? 0]));
    const sum = [...parts.values()].reduce((total, part) => total + part, share ?? 0);
    if (sum > 1.000_001)
      throw new WarrenError("route.shares", `${text}: the shares of its services come to ${Math.round(sum * 100)} %`, {
        status: 409,
        hint: `${[...parts.keys()].join(", ")} have parts of it; together they may have 100 %`,
      });
  }

  /**
   * Whether another namespace has what nobody has named, there or everywhere: the more special address would take from it.
   * Who has an address only takes nothing from the one who comes for all of them.
   */
  #spotTaken(spot: string, ip: string | undefined, namespace: string): boolean {
    const assigned = spot === httpSpot ? this.#assigned.get(anyHost) : undefined;
    const held = this.#spots.get(spot);
    return (
      (assigned !== undefined && assigned !== namespace) ||
      hasOthers(held?.get(""), namespace) ||
      (ip !== undefined && hasOthers(held?.get(ip), namespace))
    );
  }

  #hold(holder: Holder): void {
    this.#current.set(holder.key, holder);
    for (const claim of holder.claims) {
      const held = this.#places.get(claim.place);
      if (held === undefined) this.#places.set(claim.place, [{ holder, claim }]);
      else held.push({ holder, claim });
      if (claim.host !== undefined) this.#names.add(claim.host, holder.namespace);
      this.#countSpot(claim.spot, claim.ip, holder.namespace, 1);
    }
  }

  #drop(holder: Holder): void {
    for (const claim of holder.claims) {
      const left = (this.#places.get(claim.place) ?? []).filter((one) => one.holder !== holder);
      if (left.length > 0) this.#places.set(claim.place, left);
      else this.#places.delete(claim.place);
      if (claim.host !== undefined) this.#names.remove(claim.host, holder.namespace);
      this.#countSpot(claim.spot, claim.ip, holder.namespace, -1);
    }
  }

  #countSpot(spot: string, ip: string | undefined, namespace: string, count: number): void {
    const at = ip ?? "";
    const held = this.#spots.get(spot) ?? new Map<string, Map<string, number>>();
    const counts = held.get(at) ?? new Map<string, number>();
    const left = (counts.get(namespace) ?? 0) + count;
    if (left > 0) counts.set(namespace, left);
    else counts.delete(namespace);
    if (counts.size > 0) held.set(at, counts);
    else held.delete(at);
    if (held.size > 0) this.#spots.set(spot, held);
    else this.#spots.delete(spot);
  }
}

function holderOf(namespace: string, spec: ServiceSpec): Holder {
  return { namespace, key: `${namespace}/${spec.name}`, claims: routesOf(namespace, spec).map(claimOf) };
}

function claimOf(route: Route): Claim {
  const { host, path } = route;
  const own = routeListen(route);
  const where = own === undefined ? "http://" : formatListen(own);
  const name = host ?? (own === undefined ? anyHost : "");
  // A UDP route for one address has a listener there.
  const ip = route.ip === undefined ? undefined : canonicalIp(route.ip);
  const at = ip === undefined || own?.protocol === "udp" ? "" : ` on ${ip}`;
  const text = `${where}${name}${path?.replace(/\/+$/, "") ?? ""}${at}`;
  const condition = routeConditionKey(route);
  return {
    place: condition === undefined ? text : `${text} ${condition}`,
    text,
    share: shareOf(route),
    host,
    spot: own !== undefined ? `${own.protocol}:${own.port}` : host === undefined ? httpSpot : namedSpot,
    ip: ip ?? (own === undefined || own.ip === "0.0.0.0" || own.ip === "::" ? undefined : own.ip),
  };
}

function hasOthers(counts: ReadonlyMap<string, number> | undefined, namespace: string): boolean {
  return counts !== undefined && (counts.size > 1 || !counts.has(namespace));
}

function isAddress(domain: string): boolean {
  return domain.includes(":") || /^[0-9.]+$/.test(domain);
}

function conflict(text: string, whose: string, other: string): WarrenError {
  return new WarrenError("route.conflict", `${text} already goes to ${whose}`, {
    status: 409,
    hint: `choose another route${other}`,
  });
}

function hostTaken(what: string, namespace: string): WarrenError {
  return new WarrenError("domain.taken", `${what} belongs to another namespace`, {
    status: 409,
    hint: `choose another, or have it assigned: warren domain add --namespace ${namespace} NAME`,
  });
}
