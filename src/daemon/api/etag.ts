import { WarrenError } from "../../base/errors.ts";
import type { ServiceView } from "../../control/service.ts";

/** What must hold for a change (RFC 9110 §13.1). */
export interface Precondition {
  /** ETags of which the service must have one; `*` for any service that exists. */
  readonly ifMatch?: "*" | readonly string[];
  /** The service must not exist. */
  readonly ifAbsent?: boolean;
}

type Guarded = Pick<ServiceView, "revision" | "state">;

/**
 * What a change is guarded by: the revision and whether the service should run. Counters and instances change all the
 * time without anybody's doing, so they are no part of it.
 */
export function etagOf({ revision, state }: Guarded): string {
  const desired = state === "stopping" || state === "stopped" ? "stopped" : "running";
  return `"${revision}-${desired}"`;
}

/** Reads If-Match and If-None-Match. Throws `request.invalid`. */
export function parsePrecondition(ifMatch: string | undefined, ifNoneMatch: string | undefined): Precondition {
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== "*") {
    throw new WarrenError("request.invalid", "If-None-Match of a change can only be *", {
      at: "/headers/if-none-match",
    });
  }
  const ifAbsent = ifNoneMatch === undefined ? {} : { ifAbsent: true };
  if (ifMatch === undefined) return ifAbsent;
  if (ifMatch.trim() === "*") return { ...ifAbsent, ifMatch: "*" };
  const tags = ifMatch.split(",").map((tag) => tag.trim());
  if (!tags.every((tag) => /^(W\/)?"[\x21\x23-\x7e]*"$/.test(tag))) {
    throw new WarrenError("request.invalid", "If-Match must be * or ETags in double quotes", {
      at: "/headers/if-match",
    });
  }
  return { ...ifAbsent, ifMatch: tags };
}

/** Throws `service.changed` when the precondition does not hold for the service as it is now. */
export function checkPrecondition({ ifMatch, ifAbsent }: Precondition, service: Guarded | undefined): void {
  const tag = service && etagOf(service);
  if (ifAbsent && tag !== undefined) throw changed("it exists already");
  if (ifMatch === undefined) return;
  if (tag === undefined) throw changed("it does not exist");
  if (ifMatch !== "*" && !ifMatch.includes(tag)) throw changed(`it is now ${tag}`);
}

function changed(why: string): WarrenError {
  return new WarrenError("service.changed", `the service is not as it was expected to be: ${why}`, {
    status: 412,
    hint: "look at it again, then repeat the change",
  });
}
