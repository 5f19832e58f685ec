import { isIP } from "node:net";
import { WarrenError } from "../base/errors.ts";
import { type Issue, type Path, shown } from "./check.ts";
import { formatListen, parseListen } from "./listen.ts";
import { internalSuffix, outboundRight } from "./outbound.ts";
import { type Mount, memoryDefault, type Outbound, type Route, type ServiceSpec } from "./service.ts";
import { parseSize } from "./size.ts";

/** A rule that a schema cannot say was broken. */
export interface RuleIssue extends Omit<Issue, "kind"> {
  readonly kind:
    | "bad-host"
    | "bad-path"
    | "bad-listen"
    | "bad-value"
    | "bad-mount"
    | "bad-outbound"
    | "duplicate-route";
}

/** The parts of a spec that the rules look at; a manifest has them too. */
export type RuledSpec = Pick<ServiceSpec, "kind" | "args" | "env" | "route" | "mount" | "limits"> & {
  readonly outbound?: readonly RuledOutbound[];
};

/** With what a file of `run --grants` may have and a manifest may not. */
type RuledOutbound = Outbound & { readonly unix?: string; readonly as?: string };

const hostLengthMax = 253;
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** RFC 3986 §3.3 pchar without percent-encoding: one spelling for one path, so that no prefix can be dodged. */
const pathPattern = /^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/;
/** The smallest and largest memory that wasm32 can have: one page, 65,536 pages. */
const memoryBytesMin = 65_536;
const memoryBytesMax = 4 * 1024 ** 3;
/** Their descriptors go to a worker in one message. */
const volumesMax = 16;
/** Room for a few files. */
const mountBytesMin = 64 * 1024;

/** What is wrong with a spec whose shape is right: hosts, paths, addresses, sizes, duplicates. Empty when nothing is. */
export function checkRules(spec: RuledSpec): RuleIssue[] {
  const issues: RuleIssue[] = [];
  for (const [index, text] of (spec.args ?? []).entries()) checkText(text, ["args", index], issues);
  for (const [name, text] of Object.entries(spec.env ?? {})) checkText(text, ["env", name], issues);
  checkRoutes(spec.route ?? [], spec.kind ?? "server", issues);
  for (const [index, outbound] of (spec.outbound ?? []).entries()) checkOutbound(outbound, ["outbound", index], issues);
  if (spec.limits?.memory !== undefined) checkMemory(spec.limits.memory, issues);
  checkMounts(spec.mount ?? [], issues);
  if (issues.length === 0) checkTmp(spec, issues);
  return issues;
}

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

function checkText(text: string, path: Path, issues: RuleIssue[]): void {
  // WASI passes these NUL-terminated: the guest would see another text than was meant.
  if (text.includes("\0")) issues.push({ kind: "bad-value", path, message: "must not contain a NUL character" });
}

function checkRoutes(routes: readonly Route[], kind: "server" | "cgi", issues: RuleIssue[]): void {
  const seen = new Map<string, number>();
  for (const [index, route] of routes.entries()) {
    const at = ["route", index];
    const before = issues.length;
    checkRoute(route, kind, at, issues);
    if (issues.length > before) continue;
    const listen = route.listen === undefined ? "" : formatListen(parseListen(route.listen));
    const path = route.path?.replace(/\/+$/, "") ?? "";
    const key = JSON.stringify([listen, route.host ?? "", path, route.ip ?? ""]);
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
  if (ip !== undefined && isIP(ip) === 0) {
    issues.push({ kind: "bad-value", path: [...at, "ip"], message: `must be an IP address, not ${shown(ip)}` });
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
    const { protocol } = parseListen(listen);
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

function checkMounts(mounts: readonly Mount[], issues: RuleIssue[]): void {
  const seen = new Set<string>();
  let volumes = 0;
  for (const [index, mount] of mounts.entries()) {
    const at = ["mount", index];
    const { target } = mount;
    checkOrigin(mount, at, issues);
    if (target.includes("\0") || /\/\/|\/\.\.?(\/|$)/.test(target)) {
      issues.push({
        kind: "bad-mount",
        path: [...at, "target"],
        message: `must be a plain absolute path, not ${shown(target)}`,
      });
    }
    if (mount.volume !== undefined && ++volumes > volumesMax)
      issues.push({
        kind: "bad-mount",
        path: at,
        message: `is one volume too many: a service has at most ${volumesMax}`,
      });
    const key = target.replace(/\/+$/, "");
    if (seen.has(key))
      issues.push({
        kind: "bad-mount",
        path: [...at, "target"],
        message: `repeats that of another mount: ${shown(target)}`,
      });
    seen.add(key);
  }
}

/** What is mounted: one of the three that there are. */
function checkOrigin(mount: Mount, at: Path, issues: RuleIssue[]): void {
  const bad = (path: Path, message: string) => issues.push({ kind: "bad-mount", path, message });
  const [first, second] = (["source", "volume", "tmp"] as const).filter((key) => mount[key] !== undefined);
  if (first === undefined) bad(at, "needs a source, a volume or a tmp");
  if (second !== undefined) bad([...at, second], `cannot be used together with ${first}`);
  const { source, tmp, volume, size, mode } = mount;
  if (source === "" || source?.includes("\0")) bad([...at, "source"], `is not a path: ${shown(source)}`);
  if (tmp !== undefined && mode === "ro") bad([...at, "mode"], 'must not be "ro" for a tmp, which is empty at first');
  if (size !== undefined && volume === undefined) bad([...at, "size"], "is a volume's only");
  if (tmp !== undefined) checkSize(tmp, [...at, "tmp"], issues);
  if (size !== undefined) checkSize(size, [...at, "size"], issues);
}

/** Files in memory are a part of `limits.memory`: the program must be left something. */
function checkTmp({ mount = [], limits }: RuledSpec, issues: RuleIssue[]): void {
  const memory = limits?.memory ?? memoryDefault;
  const sizes = mount.map(({ tmp }) => (tmp === undefined ? 0 : parseSize(tmp)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0 || parseSize(memory) - total >= memoryBytesMin) return;
  issues.push({
    kind: "bad-mount",
    path: ["mount", sizes.findLastIndex((size) => size > 0), "tmp"],
    message: `leaves nothing of limits.memory, which is ${memory}`,
    hint: "what a program holds in tmp is a part of its memory: raise limits.memory, or make tmp smaller",
  });
}

function checkSize(size: string, path: Path, issues: RuleIssue[]): void {
  try {
    if (parseSize(size) >= mountBytesMin) return;
    issues.push({
      kind: "bad-mount",
      path,
      message: `must be at least ${mountBytesMin / 1024}KiB, not ${shown(size)}`,
    });
  } catch (error) {
    issues.push({ kind: "bad-mount", path, message: `is wrong: ${(error as Error).message}` });
  }
}

function checkOutbound(outbound: RuledOutbound, at: Path, issues: RuleIssue[]): void {
  const { host, service, protocol, unix, as } = outbound;
  const refuse = (key: string, message: string, hint?: string): void => {
    issues.push({ kind: "bad-outbound", path: [...at, key], message, ...(hint === undefined ? {} : { hint }) });
  };
  if (unix !== undefined) {
    for (const key of ["host", "port", "protocol"] as const)
      if (outbound[key] !== undefined) refuse(key, "cannot be used with a unix socket");
    return;
  }
  if (as !== undefined) {
    refuse("as", "is for unix sockets only");
    return;
  }
  if (host === undefined && service === undefined) {
    issues.push({ kind: "bad-outbound", path: at, message: "names neither a host nor a service" });
    return;
  }
  if (host !== undefined && service !== undefined) {
    refuse("service", "cannot be used with a host", "write two");
    return;
  }
  try {
    const right = outboundRight(outbound);
    if (right.kind === "host") {
      if (`.${host}`.toLowerCase().endsWith(internalSuffix))
        refuse("host", `is not one service: ${shown(host)}`, `name each, such as shop-db${internalSuffix}`);
      return;
    }
    if (!label.test(right.grant.name) || right.grant.name.includes("_"))
      refuse("host", `names no service: ${shown(host)}`, `expected a name such as shop-db${internalSuffix}`);
    else if (protocol === "udp") refuse("protocol", "must be tcp for a service");
  } catch (error) {
    if (!(error instanceof WarrenError)) throw error;
    if (error.code === "outbound.port")
      refuse("port", `is wrong: ${error.message}`, 'write 443, "8000-8100", or leave it out for all of them');
    else refuse("host", `is wrong: ${error.message}`, error.hint);
  }
}

function checkMemory(memory: string, issues: RuleIssue[]): void {
  const path = ["limits", "memory"];
  try {
    const bytes = parseSize(memory);
    if (bytes >= memoryBytesMin && bytes <= memoryBytesMax) return;
    issues.push({ kind: "bad-value", path, message: `must be from 64KiB to 4GiB, not ${shown(memory)}` });
  } catch (error) {
    issues.push({ kind: "bad-value", path, message: `is wrong: ${(error as Error).message}` });
  }
}
