import { parseIp } from "../base/ip.ts";
import { type Path, shown } from "./check.ts";
import { hostProblem } from "./host-name.ts";
import { canonicalIp, formatListen, parseListen, routeListen, unreachableProblem } from "./listen.ts";
import { checkMatches } from "./match-rules.ts";
import { redirectProblem } from "./redirect.ts";
import { needsGuest, type Route, routeConditionKey } from "./route.ts";
import type { RuleIssue } from "./rule-issue.ts";
import type { ServiceKind } from "./service.ts";
import { checkSite } from "./site.ts";

/** RFC 3986 §3.3 pchar without percent-encoding: one spelling for one path, so that no prefix can be dodged. */
const pathPattern = /^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/;

const answerBytesMax = 64 * 1024;
/** Keys that mean something to HTTP alone. */
const ofHttp = [
  "host",
  "path",
  "redirect",
  "status",
  "respond",
  "static",
  "compress",
  "strip",
  "methods",
  "headers",
  "hsts",
  "share",
  "sticky",
  "tls",
] as const;

/** What is wrong with the routes of one service. */
export function checkRoutes(routes: readonly Route[], kind: ServiceKind, issues: RuleIssue[]): void {
  const seen = new Map<string, number>();
  for (const [index, route] of routes.entries()) {
    const at = ["route", index];
    const before = issues.length;
    checkRoute(route, kind, at, issues);
    if (issues.length > before) continue;
    const own = routeListen(route);
    const listen = own === undefined ? "" : formatListen(own);
    const path = route.path?.replace(/\/+$/, "") ?? "";
    const key = JSON.stringify([
      routeConditionKey(route) ?? "",
      listen,
      route.host ?? "",
      path,
      canonicalIp(route.ip ?? ""),
    ]);
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

function checkRoute(route: Route, kind: ServiceKind, at: Path, issues: RuleIssue[]): void {
  const { host, path, ip, listen, replies } = route;
  checkAnswer(route, at, issues);
  checkWebSocket(route, kind, at, issues);
  checkPassthrough(route, kind, at, issues);
  checkMatches(route, at, issues);
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
    if (route[key] === undefined || listen?.startsWith("tcp:") === true || route.tls === "passthrough") continue;
    const message = 'is for a route with listen = "tcp://…" or tls = "passthrough" only';
    issues.push({ kind: "bad-value", path: [...at, key], message });
  }
  if (route.protocol !== undefined && (listen !== undefined || kind !== "server")) {
    const which =
      kind === "server" ? "listen, whose bytes pass as they are" : `kind = "${kind}", which speaks no HTTP itself`;
    issues.push({ kind: "bad-value", path: [...at, "protocol"], message: `cannot be used with ${which}` });
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
    const which = ofHttp.find((key) => route[key] !== undefined);
    if (which !== undefined)
      issues.push({
        kind: "bad-listen",
        path: [...at, which],
        message: `cannot be used with listen = "${protocol}://…", which is not HTTP`,
      });
    if (kind !== "server") {
      issues.push({
        kind: "bad-listen",
        path: [...at, "listen"],
        message: `cannot be used with kind = "${kind}", which is called by HTTP only`,
      });
    }
  } catch (error) {
    issues.push({ kind: "bad-listen", path: [...at, "listen"], message: `is wrong: ${(error as Error).message}` });
  }
}

/** What a front that sees no request of the guest's cannot do. */
function checkPassthrough(route: Route, kind: ServiceKind, at: Path, issues: RuleIssue[]): void {
  if (route.tls !== "passthrough") return;
  const bad = (message: string, hint?: string): void => {
    issues.push({ kind: "bad-value", path: [...at, "tls"], message, ...(hint === undefined ? {} : { hint }) });
  };
  if (route.host === undefined)
    bad('can be "passthrough" for a host only', "connections are told apart by the host of their TLS hello");
  if (kind !== "server") bad(`cannot be "passthrough" with kind = "${kind}", which is called by HTTP only`);
  const inside = ["path", "strip", "methods", "headers", "share", "sticky", "compress", "hsts", ...answers] as const;
  for (const key of inside)
    if (route[key] !== undefined)
      bad(`cannot be "passthrough" together with ${key}, which is inside what the guest decrypts`);
}

/** The keys of what a route without a guest does. */
const answers = ["redirect", "respond", "static"] as const;

/** A route does one thing, and what concerns a guest is for one that has it. */
function checkWebSocket(route: Route, kind: ServiceKind, at: Path, issues: RuleIssue[]): void {
  if (route.websocket === undefined) return;
  const message =
    route.listen !== undefined
      ? "is for a route of the http listener only"
      : kind !== "server"
        ? `cannot be used with kind = "${kind}", which has no WebSockets`
        : route.protocol !== undefined
          ? 'cannot be used with protocol = "h2c"'
          : needsGuest(route)
            ? undefined
            : "is for a route that leads to the program";
  if (message !== undefined) issues.push({ kind: "bad-value", path: [...at, "websocket"], message });
}

function checkAnswer(route: Route, at: Path, issues: RuleIssue[]): void {
  const bad = (key: string, message: string, hint?: string): void => {
    issues.push({ kind: "bad-value", path: [...at, key], message, ...(hint === undefined ? {} : { hint }) });
  };
  const [first, second] = answers.filter((key) => route[key] !== undefined);
  if (second !== undefined) bad(second, `cannot be used together with ${first}`, "write two routes");
  if (route.redirect === undefined && route.status !== undefined) bad("status", "is of a redirect only");
  // The front takes the prefix off for a guest; for files it goes without saying.
  if (route.static !== undefined && route.strip !== undefined) bad("strip", "cannot be used together with static");
  for (const key of ["port", "compress"] as const)
    if (!needsGuest(route) && route[key] !== undefined) bad(key, `cannot be used together with ${first}`);
  if (route.static !== undefined) checkSite(route.static, [...at, "static"], issues);
  const problem = route.redirect === undefined ? undefined : redirectProblem(route.redirect);
  if (problem !== undefined) bad("redirect", `cannot be redirected to: ${shown(route.redirect)}`, problem);
  const { respond } = route;
  if (respond === undefined) return;
  if (Buffer.byteLength(respond.body ?? "") > answerBytesMax)
    bad("respond", `has a body of more than ${answerBytesMax / 1024} KiB`, "a program or a file can say more");
  // RFC 9110 §15.3.5, §15.3.6 and §15.4.5: these have no content.
  if ([204, 205, 304].includes(respond.status ?? 200) && (respond.body ?? "") !== "")
    bad("respond", `has a body, which an answer of status ${respond.status} cannot have`);
}
