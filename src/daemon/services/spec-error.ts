import { WarrenError } from "../../base/errors.ts";
import { pointer } from "../../control/check.ts";
import type { RuleIssue } from "../../control/rule-issue.ts";

/** What a client is told of a spec that breaks a rule: `service.bad-value` and so on. */
export function specError({ kind, path, message, hint }: RuleIssue): WarrenError {
  return new WarrenError(`service.${kind}`, `"${path.join(".")}" ${message}`, {
    at: pointer(["body", ...path]),
    ...(hint === undefined ? {} : { hint }),
  });
}
