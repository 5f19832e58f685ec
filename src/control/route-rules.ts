import { isIP } from "node:net";
import { parseIp } from "../base/ip.ts";
import { type Path, shown } from "./check.ts";
import { canonicalIp, formatListen, parseListen, routeListen, unreachableProblem } from "./listen.ts";
import type { Route } from "./route.ts";
import type { RuleIssue } from "./rule-issue.ts";

const hostLengthMax = 253;
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** RFC 3986 §3.3 pchar without percent-encoding: one spelling for one path, so that no prefix can be dodged. */
const pathPattern = /^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/;

/** Why a host name of a route is not one; undefined when it is. RFC 1123 §2.1, with `*.` for any one or more labels. */
export function hostProblem(host: string): string | undefined {
  if (host !== host.toLowerCase()) return `write it in lower case: ${host.toLowerCase()}`;
  if (host.includes("/")) return "expected a name without scheme or path, such as shop.example.com";
  if (isIP(host.replace(/^\[|\]$/g, "")) !== 0) return 'an address goes into "ip"';
  if (/:[0-9]*$/.test(host)) return "a route's host has no port";
  const name = host.startsWith("*.") ? host.slice(2) : host;
  if (name.includes("*")) return "* stands only for the whole first label, as in *.example.com";
  if (name.length > hostLengthMax) return `at most ${hostLengthMax} characters`;
  if (!name.split(".").every((part) => label.test(part)))
    return "expected a name such as shop.example.com or *.example.com";
  return undefined;
}

/** What is wrong with the routes of one service. */
export function checkRoutes(routes: readonly Route[], kind: "server" | "cgi", issues: RuleIssue[]): void {
  const seen = new Map<string, number>();
  for (const [index, route] of routes.entries()) {
    const at = ["route", index];
    const before = issues.length;
    checkRoute(route, kind, at, issues);
    if (issues.length > before) continue;
    const own = routeListen(route);
    const listen = own === undefined ? "" : formatListen(own);
    const path = route.path?.replace(/\/+$/, "") ?? "";
    const key = JSON.stringify([listen, route.host ?? "", path, canonicalIp(route.ip ?? "")]);
    const first = seen.get(key);
    if (first !== undefined) {
      issues.push({
        kind: "duplicate-route",
        path: at,
        message: `takes the same traffic as route ${first + 1}`,
        hint: "remove one of them",
      });
    }
    seen.set(key, first ?? index);
  }
}

function checkRoute(route: Route, kind: "server" | "cgi", at: Path, issues: RuleIssue[]): void {
  const { host, path, ip, listen, replies } = route;
  if (host !== undefined) {
    const problem = hostProblem(host);
    if (problem !== undefined)
      issues.push({
        kind: "bad-host",
        path: [...at, "host"],
        message: `is not a host name: ${shown(host)}`,
        hint: problem,
      });
  }
  if (path !== undefined && (!pathPattern.test(path) || /\/\/|\/\.\.?(\/|$)/.test(path))) {
    const hint = "expected a plain path such as /api: no query, no %, no //, no . or ..";
    issues.push({ kind: "bad-path", path: [...at, "path"], message: `is not a path prefix: ${shown(path)}`, hint });
  }
  if (ip !== undefined && parseIp(ip) === undefined) {
    const zone = ip.includes("%") ? " without a zone" : "";
    issues.push({ kind: "bad-value", path: [...at, "ip"], message: `must be an IP address${zone}, not ${shown(ip)}` });
  }
  for (const key of ["proxy", "idle"] as const) {
    if (route[key] === undefined || listen?.startsWith("tcp:") === true) continue;
    issues.push({ kind: "bad-value", path: [...at, key], message: 'is for a route with listen = "tcp://…" only' });
  }
  if (replies !== undefined && listen?.startsWith("udp:") !== true) {
    issues.push({
      kind: "bad-value",
      path: [...at, "replies"],
      message: 'is for a route with listen = "udp://…" only',
    });
  }
  if (listen === undefined) return;
  try {
    const own = parseListen(listen);
    const { protocol } = own;
    const problem = ip === undefined ? undefined : unreachableProblem(ip, own);
    if (problem !== undefined) issues.push({ kind: "bad-value", path: [...at, "ip"], message: problem });
    if (host !== undefined || path !== undefined) {
      const which = host === undefined ? "path" : "host";
      issues.push({
        kind: "bad-listen",
        path: [...at, which],
        message: `cannot be used with listen = "${protocol}://…", which carries no ${which}s`,
      });
    }
    if (kind === "cgi") {
      issues.push({
        kind: "bad-listen",
        path: [...at, "listen"],
        message: 'cannot be used with kind = "cgi", which is called by HTTP only',
      });
    }
  } catch (error) {
    issues.push({ kind: "bad-listen", path: [...at, "listen"], message: `is wrong: ${(error as Error).message}` });
  }
}
