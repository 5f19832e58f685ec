import { randomInt } from "node:crypto";
import { closeSync, fstatSync } from "node:fs";
import { rateBytes } from "../base/rate-page.ts";
import { mapSharedPage } from "../base/shared-page.ts";
import { AccessLog } from "../net/access-log/access-log.ts";
import { ServiceLimits } from "../net/limits/service-limits.ts";
import { ServicePolicy } from "../net/service-policy.ts";
import type { GuestLog } from "./guest-log.ts";
import type { InstanceSpec } from "./protocol.ts";

export interface PoliciesOptions {
  readonly log: GuestLog;
  /** Where lines of access logs are collected: apart, so that requests push out nothing that a guest printed. */
  readonly accessLog: GuestLog;
}

interface Known {
  readonly terms: string;
  readonly shared: Float64Array | undefined;
  readonly policy: ServicePolicy;
}

/** What the front applies to each service of this worker. */
export class Policies {
  readonly #options: PoliciesOptions;
  readonly #policies = new Map<string, Known>();
  /** By inode. Kept for good, as their mappings are. */
  readonly #pages = new Map<number, Float64Array>();

  constructor(options: PoliciesOptions) {
    this.#options = options;
  }

  /**
   * Of a service's revision; undefined when it has none. One for all revisions on the same terms, so that a deploy gives nobody a
   * new start. `ratePage` is that of its shared rates, and is closed.
   */
  of(
    { service, revision, limits, access }: Pick<InstanceSpec, "service" | "revision" | "limits" | "access">,
    ratePage?: number,
  ): ServicePolicy | undefined {
    const shared = ratePage === undefined ? undefined : this.#page(ratePage);
    if (limits === undefined && access === undefined) {
      this.#policies.delete(service);
      return undefined;
    }
    const terms = JSON.stringify([limits, access]);
    const known = this.#policies.get(service);
    if (known?.terms === terms && (shared === undefined || known.shared === shared)) return known.policy;
    const { log, accessLog } = this.#options;
    const policy = new ServicePolicy({
      limits: limits && new ServiceLimits(limits, randomInt(2 ** 32), shared),
      access:
        access &&
        new AccessLog({
          terms: access,
          random: Math.random,
          write: (line) => accessLog.add(service, revision, "access", line),
          tell: (message) => log.add(service, revision, "warren", message),
        }),
    });
    this.#policies.set(service, { terms, shared, policy });
    return policy;
  }

  #page(fd: number): Float64Array {
    const { ino } = fstatSync(fd);
    const page = this.#pages.get(ino) ?? new Float64Array(mapSharedPage(fd, rateBytes));
    this.#pages.set(ino, page);
    closeSync(fd);
    return page;
  }

  forget(service: string): void {
    this.#policies.delete(service);
  }
}
