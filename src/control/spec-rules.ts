import { WarrenError } from "../base/errors.ts";
import { type Path, shown } from "./check.ts";
import { internalSuffix, outboundRight } from "./outbound.ts";
import { needsGuest } from "./route.ts";
import { checkRoutes } from "./route-rules.ts";
import type { RuleIssue } from "./rule-issue.ts";
import { type Mount, memoryDefault, type Outbound, type ServiceSpec, type Store } from "./service.ts";
import { siteOf } from "./site.ts";
import { parseSize } from "./size.ts";

/** The parts of a spec that the rules look at; a manifest has them too. */
export type RuledSpec = Pick<
  ServiceSpec,
  "kind" | "reuse" | "args" | "env" | "route" | "mount" | "limits" | "outbound" | "store"
>;

const serviceName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** The smallest and largest memory that wasm32 can have: one page, 65,536 pages. */
const memoryBytesMin = 65_536;
const memoryBytesMax = 4 * 1024 ** 3;
/** Their descriptors go to a worker in one message. */
const volumesMax = 16;
/** Room for a few files. */
const mountBytesMin = 64 * 1024;
const storeBytesMin = 64 * 1024;

/** What is wrong with a spec whose shape is right: hosts, paths, addresses, sizes, duplicates. Empty when nothing is. */
export function checkRules(spec: RuledSpec): RuleIssue[] {
  const issues: RuleIssue[] = [];
  for (const [index, text] of (spec.args ?? []).entries()) checkText(text, ["args", index], issues);
  for (const [name, text] of Object.entries(spec.env ?? {})) checkText(text, ["env", name], issues);
  checkRoutes(spec.route ?? [], spec.kind ?? "server", issues);
  if (spec.reuse !== undefined && spec.kind !== undefined && spec.kind !== "handler")
    issues.push({ kind: "bad-value", path: ["reuse"], message: `is for handlers only, not for kind = "${spec.kind}"` });
  for (const [index, outbound] of (spec.outbound ?? []).entries()) checkOutbound(outbound, ["outbound", index], issues);
  if (spec.limits?.memory !== undefined) checkMemory(spec.limits.memory, issues);
  checkMounts(spec.mount ?? [], issues);
  checkVolumes(spec, issues);
  checkStores(spec.store ?? [], issues);
  if (issues.length === 0) checkTmp(spec, issues);
  return issues;
}

/** The same for what is to be deployed, a manifest or a {@link ServiceSpec}: it has a program where one is needed. */
export function checkDeployed(spec: RuledSpec & Pick<ServiceSpec, "program" | "isolation">): RuleIssue[] {
  const issues = checkRules(spec);
  if (spec.program !== undefined) return issues;
  const { route = [] } = spec;
  const index = route.findIndex(needsGuest);
  if (index >= 0 || route.length === 0) {
    const hint = index < 0 ? {} : { hint: `[[route]] ${index + 1} needs one: it has no redirect, respond or static` };
    issues.push({ kind: "missing", path: ["program"], message: "is missing", ...hint });
  } else {
    for (const key of ofPrograms)
      if (spec[key] !== undefined)
        issues.push({ kind: "bad-value", path: [key], message: "is for a service with a program" });
  }
  return issues;
}

/** What has no meaning where no program runs. */
const ofPrograms = ["kind", "reuse", "args", "env", "mount", "outbound", "store", "isolation"] as const;

function checkText(text: string, path: Path, issues: RuleIssue[]): void {
  // WASI passes these NUL-terminated: the guest would see another text than was meant.
  if (text.includes("\0")) issues.push({ kind: "bad-value", path, message: "must not contain a NUL character" });
}

function checkMounts(mounts: readonly Mount[], issues: RuleIssue[]): void {
  const seen = new Set<string>();
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

function checkVolumes({ mount = [], route = [] }: RuledSpec, issues: RuleIssue[]): void {
  const mounted = mount.flatMap(({ volume }, index) => (volume === undefined ? [] : [["mount", index]]));
  const served = route.flatMap(({ static: site }, index) =>
    site === undefined || siteOf(site).volume === undefined ? [] : [["route", index, "static"]],
  );
  const path = [...mounted, ...served][volumesMax];
  if (path === undefined) return;
  const message = `is one volume too many: a service has at most ${volumesMax}`;
  issues.push({ kind: path[0] === "mount" ? "bad-mount" : "bad-static", path, message });
}

function checkStores(stores: readonly Store[], issues: RuleIssue[]): void {
  const bad = (path: Path, message: string) => issues.push({ kind: "bad-store", path, message });
  const seen = new Set<string>();
  for (const [index, { name, as, size }] of stores.entries()) {
    const at = ["store", index];
    const identifier = as ?? name;
    if (seen.has(identifier))
      bad([...at, as === undefined ? "name" : "as"], `repeats that of another store: ${shown(identifier)}`);
    seen.add(identifier);
    try {
      if (size !== undefined && parseSize(size) < storeBytesMin)
        bad([...at, "size"], `must be at least ${storeBytesMin / 1024}KiB, not ${shown(size)}`);
    } catch (error) {
      bad([...at, "size"], `is wrong: ${(error as Error).message}`);
    }
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

function checkOutbound(outbound: Outbound, at: Path, issues: RuleIssue[]): void {
  const { host, service, protocol, unix, as } = outbound;
  const refuse = (key: string, message: string, hint?: string): void => {
    issues.push({ kind: "bad-outbound", path: [...at, key], message, ...(hint === undefined ? {} : { hint }) });
  };
  if (unix !== undefined) {
    for (const key of ["host", "service", "port", "protocol"] as const)
      if (outbound[key] !== undefined) refuse(key, "cannot be used with a unix socket");
    for (const [key, text] of Object.entries({ unix, as }))
      if (text === "" || text?.includes("\0")) refuse(key, `is not a path: ${shown(text)}`);
    return;
  }
  if (as !== undefined) {
    refuse("as", "is for unix sockets only");
    return;
  }
  if (host === undefined && service === undefined) {
    issues.push({ kind: "bad-outbound", path: at, message: "names no host, no service and no unix socket" });
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
    if (right.kind === "unix") return;
    if (!serviceName.test(right.grant.name))
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
