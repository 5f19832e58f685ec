import { assert } from "../../base/assert.ts";
import { parseDuration } from "../../control/duration.ts";
import type { Route } from "../../control/route.ts";
import type { ServiceSpec } from "../../control/service.ts";
import { siteOf } from "../../control/site.ts";
import type { InstanceMount, InstanceSpec, SiteSpec } from "../../worker/protocol.ts";

/** What a service has served without a guest: each site once, however many routes lead to it. */
export function sitesOf({ route = [] }: ServiceSpec, directoryOf: (volume: string) => string): SiteSpec[] {
  return distinctSites(route).map((site) => {
    const { source, volume, spa, cache, immutable } = siteOf(site);
    const directory = volume === undefined ? source : directoryOf(volume);
    assert(directory !== undefined, "a site has a source or a volume");
    return {
      source: directory,
      ...(volume === undefined ? {} : { volume }),
      ...(spa === undefined ? {} : { spa }),
      ...(cache === undefined ? {} : { cacheSeconds: Math.round(parseDuration(cache) / 1000) }),
      // Beneath the directory, and of whole names.
      ...(immutable === undefined ? {} : { immutable: `${immutable.replace(/^\/+|\/+$/g, "")}/`.replace(/^\/$/, "") }),
    };
  });
}

/** Which of them answers a route; undefined for one that has none. */
export function siteIndex({ route = [] }: ServiceSpec, { static: site }: Route): number | undefined {
  if (site === undefined) return undefined;
  return distinctSites(route).findIndex((one) => same(one, site));
}

/** All that a worker must be given for a revision: the mounts of its guest, and what is served beside it. */
export function grantedMounts({
  mounts = [],
  sites = [],
}: Partial<Pick<InstanceSpec, "mounts" | "sites">>): InstanceMount[] {
  return [
    ...mounts,
    ...sites.map(({ source, volume }) => ({
      source,
      target: "/",
      mode: "ro" as const,
      ...(volume === undefined ? {} : { volume }),
    })),
  ];
}

type RouteSite = NonNullable<Route["static"]>;

function distinctSites(routes: readonly Route[]): RouteSite[] {
  const distinct: RouteSite[] = [];
  for (const { static: site } of routes)
    if (site !== undefined && !distinct.some((one) => same(one, site))) distinct.push(site);
  return distinct;
}

function same(one: RouteSite, other: RouteSite): boolean {
  const [a, b] = [siteOf(one), siteOf(other)];
  return (["source", "volume", "spa", "cache", "immutable"] as const).every((key) => a[key] === b[key]);
}
