import type { Issue } from "./check.ts";

/** A rule that a schema cannot say was broken. */
export interface RuleIssue extends Omit<Issue, "kind"> {
  readonly kind:
    | "missing"
    | "bad-host"
    | "bad-path"
    | "bad-listen"
    | "bad-value"
    | "bad-mount"
    | "bad-static"
    | "bad-outbound"
    | "bad-store"
    | "duplicate-route";
}
