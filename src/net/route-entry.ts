import { hash } from "node:crypto";
import { compareConditions, type RouteCondition, routeCondition } from "./route-condition.ts";
import type { Match, RouteRule, RouteTls } from "./router.ts";
import type { StreamTerms } from "./stream-terms.ts";
import type { RouteTarget } from "./target.ts";

/**
 * One route in the table. Those of the same place (listener, address, host and path) are a chain, those with conditions
 * before the one without; those with the same conditions are alternatives, of which the first stands in the chain.
 */
export class RouteEntry implements Match {
  readonly target: RouteTarget;
  readonly path: string;
  readonly service: string;
  readonly strip: boolean;
  readonly stream: StreamTerms | undefined;
  readonly tls: RouteTls | undefined;
  readonly hsts: number | undefined;
  readonly webSocket: "check" | undefined;
  readonly compress: boolean;
  readonly when: RouteCondition | undefined;
  readonly share: number | undefined;
  readonly able: boolean;
  readonly sticky: string | undefined;
  next: RouteEntry | undefined = undefined;
  alternatives: readonly RouteEntry[] | undefined = undefined;
  token: string | undefined = undefined;

  constructor(service: string, path: string, rule: RouteRule) {
    this.target = rule.target;
    this.path = path;
    this.service = service;
    this.strip = rule.strip === true && path !== "";
    this.stream = rule.stream;
    this.tls = rule.tls;
    this.hsts = rule.hsts;
    this.webSocket = rule.webSocket;
    this.compress = rule.compress === true;
    this.when = routeCondition(rule);
    this.share = rule.share;
    this.able = rule.able !== false;
    this.sticky = rule.sticky;
  }
}

/** Every route of a chain. */
export function entriesOf(head: RouteEntry | undefined): RouteEntry[] {
  const entries: RouteEntry[] = [];
  for (let entry = head; entry !== undefined; entry = entry.next) {
    if (entry.alternatives === undefined) entries.push(entry);
    else entries.push(...entry.alternatives);
  }
  return entries;
}

/** The first of the chain that these routes make; undefined when there are none. */
export function chainOf(entries: readonly RouteEntry[]): RouteEntry | undefined {
  // By name where all else is the same: every worker must come to the same order.
  const sorted = entries.toSorted(
    (a, b) =>
      compareConditions(a.when, b.when) ||
      (a.share === undefined ? 0 : 1) - (b.share === undefined ? 0 : 1) ||
      (a.service < b.service ? -1 : 1),
  );
  let head: RouteEntry | undefined;
  let last: RouteEntry | undefined;
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at]!;
    let to = at + 1;
    while (to < sorted.length && sorted[to]!.when?.key === first.when?.key) to++;
    first.alternatives = to - at > 1 ? sorted.slice(at, to) : undefined;
    if (first.alternatives !== undefined) giveTokens(first.alternatives);
    for (const entry of sorted.slice(at, to)) entry.next = undefined;
    for (const entry of sorted.slice(at + 1, to)) entry.alternatives = undefined;
    if (last === undefined) head = first;
    else last.next = first;
    last = first;
    at = to;
  }
  return head;
}

/** One that is sticky makes all of them so: those without a secret of their own have one that follows from its. */
function giveTokens(entries: readonly RouteEntry[]): void {
  const secret = entries.find((entry) => entry.sticky !== undefined)?.sticky;
  for (const entry of entries) {
    if (secret === undefined) entry.token = undefined;
    else
      entry.token = entry.sticky ?? hash("sha256", `${secret} ${entry.service}`, "base64url").slice(0, secret.length);
  }
}
