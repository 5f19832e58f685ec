import { resolve } from "node:path";
import Type, { type Static } from "typebox";
import { type Path, shown } from "./check.ts";
import { parseDuration } from "./duration.ts";
import type { RuleIssue } from "./rule-issue.ts";

/** A directory or a volume that is served as it is. */
export const Site = Type.Object(
  {
    source: Type.Optional(Type.String({ pattern: "^/", description: "absolute path of a directory on the host" })),
    volume: Type.Optional(
      Type.String({ pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", description: "the name of a volume" }),
    ),
    spa: Type.Optional(
      Type.String({ description: "the page that a browser gets for a path that is no file, such as index.html" }),
    ),
    cache: Type.Optional(
      Type.String({
        pattern: "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$",
        description: "a duration such as 1h, for which clients do not ask again; they always do for pages",
      }),
    ),
    immutable: Type.Optional(
      Type.String({
        pattern: "^/",
        description: "prefix, beneath the directory, of files whose names change with their content",
      }),
    ),
  },
  { title: "Site", additionalProperties: false },
);
export type Site = Static<typeof Site>;

/** The value of a route's `static`. */
export const RouteSite = Type.Union(
  [Type.String({ pattern: "^/", description: "absolute path of a directory on the host" }), Site],
  { description: "files that are served without a guest" },
);

const besideManifest = "a directory on this machine, absolute or beside the manifest";

/** The same in a manifest. */
export const ManifestSite = Type.Union(
  [
    Type.String({ description: besideManifest }),
    Type.Object(
      { ...Site.properties, source: Type.Optional(Type.String({ description: besideManifest })) },
      { additionalProperties: false },
    ),
  ],
  { description: "files that are served without a guest" },
);

/** Text is the source. */
export function siteOf(site: string | Site): Site {
  return typeof site === "string" ? { source: site } : site;
}

/** With its source as an absolute path. */
export function absoluteSite(site: string | Site, directory: string): string | Site {
  if (typeof site === "string") return resolve(directory, site);
  return site.source === undefined ? site : { ...site, source: resolve(directory, site.source) };
}

/** What is wrong with a site. */
export function checkSite(site: string | Site, at: Path, issues: RuleIssue[]): void {
  const bad = (path: Path, message: string): void => {
    issues.push({ kind: "bad-static", path, message });
  };
  const key = (name: string): Path => (typeof site === "string" ? at : [...at, name]);
  const { source, volume, spa, cache, immutable } = siteOf(site);
  if (source === undefined && volume === undefined) bad(at, "needs a source or a volume");
  if (source !== undefined && volume !== undefined) bad(key("volume"), "cannot be used together with source");
  if (source === "" || source?.includes("\0") === true) bad(key("source"), `is not a path: ${shown(source)}`);
  if (spa !== undefined && !isPlain(spa)) bad(key("spa"), `is not the path of a file in it: ${shown(spa)}`);
  if (immutable !== undefined && immutable !== "/" && !isPlain(immutable.replace(/^\/|\/$/g, "")))
    bad(key("immutable"), `is not a plain path: ${shown(immutable)}`);
  try {
    if (cache !== undefined) parseDuration(cache);
  } catch (error) {
    bad(key("cache"), `is wrong: ${(error as Error).message}`);
  }
}

function isPlain(path: string): boolean {
  return !path.includes("\0") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
