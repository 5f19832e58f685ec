import { parseHttpDate } from "../../net/http-date.ts";
import { isWeak, listsTag } from "./entity-tags.ts";

/** What tells one content of a file from another. */
export interface Validators {
  readonly entityTag: string;
  /** Seconds since 1970. */
  readonly modified: number;
}

/** The conditional fields of a request for a file, each as its lines joined by commas. */
export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
  readonly ifRange?: string | undefined;
}

/**
 * Evaluates the preconditions of a GET or HEAD in the order of RFC 9110 §13.2.2: 412 or 304 in place of the answer, or
 * undefined for the answer itself. Dates that are none count as absent, as does an If-None-Match that is no list; an If-Match
 * that is none holds no tag.
 */
export function precondition(
  { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince }: Conditions,
  { entityTag, modified }: Validators,
): 304 | 412 | undefined {
  if (ifMatch !== undefined) {
    if (listsTag(ifMatch, entityTag, "strong") !== true) return 412;
  } else if (ifUnmodifiedSince !== undefined) {
    const since = parseHttpDate(ifUnmodifiedSince);
    if (since !== undefined && modified > since) return 412;
  }
  if (ifNoneMatch !== undefined) {
    const listed = listsTag(ifNoneMatch, entityTag, "weak");
    if (listed !== undefined) return listed ? 304 : undefined;
  } else if (ifModifiedSince !== undefined) {
    const since = parseHttpDate(ifModifiedSince);
    if (since !== undefined && modified <= since) return 304;
  }
  return undefined;
}

/**
 * Whether a Range applies: If-Range names exactly this content, by a strong tag or by its date (RFC 9110 §13.1.5). The date of
 * a file whose tag is weak is as weak.
 */
export function rangeApplies({ ifRange }: Conditions, { entityTag, modified }: Validators): boolean {
  if (ifRange === undefined) return true;
  if (isWeak(entityTag)) return false;
  return ifRange === entityTag || parseHttpDate(ifRange) === modified;
}
