import { assert } from "../../base/assert.ts";
import { parseDuration } from "../../control/duration.ts";
import type { Listen } from "../../control/listen.ts";
import { canonicalIp, formatListen, parseListen, routeListen } from "../../control/listen.ts";
import { outboundRight } from "../../control/outbound.ts";
import { parseRate } from "../../control/rate.ts";
import { redirectStatusDefault } from "../../control/redirect.ts";
import { needsGuest, type Route, shareOf } from "../../control/route.ts";
import { routeNote } from "../../control/route-note.ts";
import { type Mount, memoryDefault, type Outbound, type ServiceSpec } from "../../control/service.ts";
import { siteOf } from "../../control/site.ts";
import { parseSize } from "../../control/size.ts";
import type {
  GuestKind,
  GuestPort,
  InstanceMount,
  InstanceSpec,
  RouteAnswer,
  RouteEntry,
  SitesSpec,
} from "../../worker/protocol.ts";
import { weightDefault } from "../../worker/protocol.ts";
import { volumeDirectory } from "../volumes/volumes.ts";
import { storeGrants } from "./service-stores.ts";
import { siteIndex, sitesOf } from "./site-plan.ts";

/** The port that a guest is handed when no route names one; it matters to programs that print it only. */
const guestPortDefault = 8080;

/** What keeps services apart that say nothing of it: `namespace` gives each namespace workers of its own. */
export type Isolation = "shared" | "namespace";

/** What a service is; `static` without a program. */
export function kindOf(spec: ServiceSpec): GuestKind | "static" {
  return spec.program === undefined ? "static" : (spec.kind ?? "server");
}

/** What a worker is told of a revision that has a program. */
export function instanceSpec(
  namespace: string,
  revision: number,
  spec: ServiceSpec,
  volumesPath: string,
): InstanceSpec {
  assert(spec.program !== undefined, "a service without a program has no instances");
  const kind = spec.kind ?? "server";
  const mounts = (spec.mount ?? []).map((mount) =>
    instanceMount(mount, (name) => volumeDirectory(volumesPath, namespace, name)),
  );
  // Files in memory are a part of the limit. They have theirs, so what is left is all that the program itself may take.
  const tmpBytes = mounts.reduce((sum, mount) => sum + ("tmpBytesMax" in mount ? mount.tmpBytesMax : 0), 0);
  const stores = storeGrants(spec);
  return {
    ...sitesSpec(namespace, revision, spec, volumesPath),
    kind,
    ...(spec.reuse === undefined ? {} : { reuse: spec.reuse }),
    digest: spec.program,
    args: spec.args ?? [],
    env: spec.env ?? {},
    mounts,
    memoryBytesMax: parseSize(spec.limits?.memory ?? memoryDefault) - tmpBytes,
    ...(spec.limits?.cpu === undefined ? {} : { cores: spec.limits.cpu }),
    weight: spec.limits?.weight ?? weightDefault,
    ...(spec.limits?.request === undefined ? {} : { requestMsMax: parseDuration(spec.limits.request) }),
    ports: kind === "server" ? guestPorts(spec.route ?? [{}]) : [],
    ...outboundRights(namespace, spec.outbound ?? []),
    ...(stores.length === 0 ? {} : { stores }),
  };
}

/** What a worker is told of what a revision has served without a guest. */
export function sitesSpec(namespace: string, revision: number, spec: ServiceSpec, volumesPath: string): SitesSpec {
  const sites = sitesOf(spec, (name) => volumeDirectory(volumesPath, namespace, name));
  return {
    service: `${namespace}/${spec.name}`,
    revision,
    ...(sites.length === 0 ? {} : { sites }),
    ...frontTerms(spec),
  };
}

/** What the front applies to the service's requests. */
export function frontTerms({
  program,
  kind,
  limits = {},
  access,
}: ServiceSpec): Pick<InstanceSpec, "limits" | "ratesShared" | "queueMax" | "access"> {
  const { body, rate, connections, queue, client } = limits;
  const clientTerms = client && {
    ...(client.rate === undefined ? {} : { rate: parseRate(client.rate) }),
    ...(client.connections === undefined ? {} : { connections: client.connections }),
  };
  const terms = {
    ...(body === undefined ? {} : { bodyBytesMax: parseSize(body) }),
    ...(rate === undefined ? {} : { rate: parseRate(rate) }),
    ...(connections === undefined ? {} : { connections }),
    ...(clientTerms === undefined || Object.keys(clientTerms).length === 0 ? {} : { client: clientTerms }),
  };
  return {
    ...(Object.keys(terms).length === 0 ? {} : { limits: terms }),
    ...(((kind ?? "server") !== "server" || program === undefined) && (rate ?? client?.rate) !== undefined
      ? { ratesShared: true }
      : {}),
    ...(queue === undefined ? {} : { queueMax: queue }),
    ...(access === undefined ? {} : { access: { format: access.format ?? "json", sample: access.sample ?? 1 } }),
  };
}

/** By way of the connector, and of the daemon itself. */
function outboundRights(namespace: string, outbound: readonly Outbound[]): Pick<InstanceSpec, "outbound" | "unix"> {
  const rights = outbound.map(outboundRight);
  const grants = rights.flatMap((right) => (right.kind === "host" ? right.grant : []));
  const services = rights.flatMap((right) => {
    if (right.kind !== "service") return [];
    const { name, ...ports } = right.grant;
    return { service: `${namespace}/${name}`, ...ports };
  });
  const unix = rights.flatMap((right) => (right.kind === "unix" ? right.grant : []));
  return {
    ...(grants.length + services.length > 0 ? { outbound: { grants, services } } : {}),
    ...(unix.length > 0 ? { unix } : {}),
  };
}

function instanceMount(
  { source, volume, tmp, target, mode }: Mount,
  directoryOf: (volume: string) => string,
): InstanceMount {
  if (tmp !== undefined) return { tmpBytesMax: parseSize(tmp), target };
  if (volume !== undefined) return { source: directoryOf(volume), target, mode: mode ?? "rw", volume };
  assert(source !== undefined, "a mount has a source, a volume or a tmp");
  return { source, target, mode: mode ?? "ro" };
}

/** The volumes that a service mounts or has served, each with the size that it says. */
export function volumesOf(spec: ServiceSpec): { readonly name: string; readonly bytesMax: number | undefined }[] {
  const served = (spec.route ?? []).flatMap(({ static: site }) => (site === undefined ? [] : siteOf(site)));
  return [...(spec.mount ?? []), ...served].flatMap(({ volume, ...rest }) => {
    const size = "size" in rest ? rest.size : undefined;
    return volume === undefined ? [] : [{ name: volume, bytesMax: size === undefined ? undefined : parseSize(size) }];
  });
}

/** The routes of a service; one that names none answers to NAME.localhost, and outside of `default` to NAME.NAMESPACE.localhost. */
export function routesOf(namespace: string, spec: ServiceSpec): readonly Route[] {
  const below = namespace === "default" ? "" : `.${namespace}`;
  return spec.route ?? [{ host: `${spec.name}${below}.localhost` }];
}

/** The TCP and UDP listeners that a service needs for itself. */
export function ownListeners(spec: ServiceSpec): Listen[] {
  const listens = (spec.route ?? []).flatMap((route) => routeListen(route) ?? []);
  return [...new Map(listens.map((listen) => [formatListen(listen), listen])).values()];
}

/** The routes as workers know them, for the daemon's HTTP listeners. */
export function routeEntries(
  namespace: string,
  spec: ServiceSpec,
  httpListeners: readonly string[],
  stickyToken: () => string,
): RouteEntry[] {
  return routesOf(namespace, spec).flatMap((route) => {
    const { host, path, ip } = route;
    const site = siteIndex(spec, route);
    const rest = {
      guestPort: route.port ?? 0,
      ...(host === undefined ? {} : { host }),
      ...(path === undefined ? {} : { path }),
      ...(ip === undefined ? {} : { ip: canonicalIp(ip) }),
      ...(route.protocol === undefined ? {} : { protocol: route.protocol }),
      ...streamTerms(route),
      ...answerOf(route),
      ...(route.tls === undefined || route.tls === "auto" ? {} : { tls: route.tls }),
      ...(route.hsts === undefined ? {} : { hsts: route.hsts }),
      ...(route.websocket === undefined ? {} : { webSocket: route.websocket }),
      ...matchTerms(route, stickyToken),
      ...(site === undefined ? {} : { site }),
      ...(route.compress === true ? { compress: true } : {}),
    };
    const own = routeListen(route);
    const listeners = own === undefined ? httpListeners : [formatListen(own)];
    return listeners.map((listener) => ({ listener, ...rest }));
  });
}

function streamTerms({ proxy, idle }: Route): Pick<RouteEntry, "stream"> {
  if (proxy === undefined && idle === undefined) return {};
  const stream = {
    ...(proxy === undefined ? {} : { proxy }),
    ...(idle === undefined ? {} : { idleMs: parseDuration(idle) }),
  };
  return { stream };
}

function answerOf({ redirect, status, respond }: Route): { answer?: RouteAnswer } {
  if (redirect !== undefined)
    return { answer: { kind: "redirect", to: redirect, status: status ?? redirectStatusDefault } };
  if (respond === undefined) return {};
  const { status: code = 200, body = "", type = "text/plain; charset=utf-8" } = respond;
  return { answer: { kind: "respond", status: code, body, type } };
}

function matchTerms(route: Route, stickyToken: () => string): Partial<RouteEntry> {
  const { strip, methods, headers } = route;
  const share = shareOf(route);
  return {
    ...(strip === true ? { strip } : {}),
    ...(methods === undefined ? {} : { methods }),
    ...(headers === undefined ? {} : { headers }),
    ...(share === undefined ? {} : { share }),
    ...(route.sticky === true ? { sticky: stickyToken() } : {}),
  };
}

/** The routes as URLs for people, with what each does: the ports of the HTTP listeners are filled in. */
export function routeViews(
  namespace: string,
  spec: ServiceSpec,
  httpListeners: readonly string[],
): { routes: string[]; routeNotes?: string[] } {
  const views = routesOf(namespace, spec).flatMap((route) =>
    routeUrls(route, httpListeners).map((url) => ({ url, note: routeNote(route) })),
  );
  const routes = views.map(({ url }) => url);
  return views.some(({ note }) => note !== "") ? { routes, routeNotes: views.map(({ note }) => note) } : { routes };
}

function routeUrls({ listen, host, path = "/", ip, tls }: Route, httpListeners: readonly string[]): string[] {
  const own = routeListen({ listen, ip });
  if (own !== undefined) return [formatListen(own)];
  const secureOnly = tls === "only" || tls === "passthrough";
  return httpListeners.flatMap((key) => {
    const url = new URL(key);
    if (secureOnly && url.protocol === "http:") return [];
    // A listener on every address is reached by the name, or on this machine.
    const any = url.hostname === "0.0.0.0" || url.hostname === "[::]";
    const name = host ?? (ip === undefined ? (any ? "localhost" : url.hostname) : ip.includes(":") ? `[${ip}]` : ip);
    return `${url.protocol}//${name}${url.port === "" ? "" : `:${url.port}`}${path}`;
  });
}

function guestPorts(routes: readonly Route[]): GuestPort[] {
  const ports = new Map<string, GuestPort>();
  for (const { listen, port } of routes.filter(needsGuest)) {
    const own = listen === undefined ? undefined : parseListen(listen);
    const protocol = own?.protocol ?? "tcp";
    const guestPort = { protocol, port: port ?? own?.port ?? guestPortDefault };
    ports.set(`${protocol}:${guestPort.port}`, guestPort);
  }
  return [...ports.values()];
}

/** Whose services share a worker where no others run; undefined: all that are not isolated. See {@link WorkerPool.ownWorker}. */
export function groupOf(namespace: string, spec: ServiceSpec, isolation: Isolation): string | undefined {
  // No guest of another's comes near what runs none.
  if (spec.program === undefined) return undefined;
  if (spec.isolation === "process") return `${namespace}/${spec.name}`;
  return isolation === "namespace" ? `${namespace}/` : undefined;
}
