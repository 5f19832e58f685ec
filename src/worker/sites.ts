import { closeSync } from "node:fs";
import { WarrenError } from "../base/errors.ts";
import { openMounts } from "../wasi/files/mount.ts";
import { OpenDirectory } from "../wasi/files/open-directory.ts";
import { Guestless } from "./guestless.ts";
import type { Guests } from "./guests.ts";
import { GuestMounts, type VolumeAccounts } from "./mounts.ts";
import type { InstanceMount, SiteSpec, SitesSpec } from "./protocol.ts";
import { StaticSite } from "./static/static-site.ts";

interface OpenSite {
  readonly site: StaticSite;
  readonly root: OpenDirectory;
}

/** The directories that this worker serves without a guest: of each service those of its current revision, and of the next. */
export class Sites {
  readonly #shared: Pick<Guests, "accounts" | "policies">;
  /** Whatever is answered without a guest is counted here. */
  readonly guestless: Guestless = new Guestless();
  /** By service, then by revision. */
  readonly #open = new Map<string, Map<number, readonly OpenSite[]>>();

  constructor(shared: Pick<Guests, "accounts" | "policies">) {
    this.#shared = shared;
  }

  /**
   * Opens those of a revision, all or none. Takes over the descriptors: directory and page of each volume, and the page of its rates. Throws `mount.*`
   * for what this worker's user may not read.
   */
  open(spec: SitesSpec, descriptors: readonly number[], ratePage?: number): void {
    const { service, revision, sites = [] } = spec;
    const left = [...descriptors];
    const opened: OpenSite[] = [];
    try {
      this.drop(service, revision);
      if (sites.length === 0) return;
      const { accounts, policies } = this.#shared;
      const policy = policies.of(spec, ratePage);
      for (const site of sites) {
        const root = openRoot(site, left.splice(0, site.volume === undefined ? 0 : 2), accounts);
        opened.push({ site: new StaticSite(root, site, this.guestless.of(service), policy), root });
      }
      const revisions = this.#open.get(service) ?? new Map<number, readonly OpenSite[]>();
      this.#open.set(service, revisions.set(revision, opened));
    } catch (error) {
      for (const { root } of opened) root.close();
      throw error;
    } finally {
      for (const fd of left) closeSync(fd);
    }
  }

  get(service: string, revision: number, index: number): StaticSite | undefined {
    return this.#open.get(service)?.get(revision)?.[index]?.site;
  }

  drop(service: string, revision: number): void {
    const revisions = this.#open.get(service);
    for (const { root } of revisions?.get(revision) ?? []) root.close();
    revisions?.delete(revision);
    if (revisions?.size === 0) this.#open.delete(service);
  }

  /** Closes those of the revisions up to this one; files that are being sent stay open. */
  close(service: string, revision: number = Number.POSITIVE_INFINITY): void {
    for (const number of [...(this.#open.get(service)?.keys() ?? [])])
      if (number <= revision) this.drop(service, number);
  }
}

function openRoot(
  { source, volume }: SiteSpec,
  descriptors: readonly number[],
  accounts: VolumeAccounts,
): OpenDirectory {
  const mount: InstanceMount = { source, target: "/", mode: "ro", ...(volume === undefined ? {} : { volume }) };
  const mounts = new GuestMounts([mount], descriptors, accounts);
  try {
    mounts.check();
    const [root] = openMounts(mounts.specs);
    if (root instanceof OpenDirectory) return root;
    throw new WarrenError("mount.unusable", `there is nothing to serve at ${source}`, { status: 422 });
  } catch (error) {
    throw inWordsOfSites(source, error);
  } finally {
    mounts.close();
  }
}

/** What is served is at no path of a guest's. */
function inWordsOfSites(source: string, error: unknown): unknown {
  if (!(error instanceof WarrenError)) return error;
  const { code, message, status, hint } = error;
  if (code === "mount.unusable")
    return new WarrenError(code, `cannot serve ${source}: it is not a directory`, { status, cause: error });
  return new WarrenError(
    code,
    message.replace(`cannot mount ${source} on /: `, () => `cannot serve ${source}: `),
    {
      status,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    },
  );
}
