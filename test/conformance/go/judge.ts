import { type KnownFailure, knownFailures } from "./known-failures.ts";
import type { PackageResult } from "./run-go-tests.ts";

/** Holds results to the list of known failures: what is wrong, a line each. */
export function judge(results: readonly PackageResult[]): string[] {
  const problems: string[] = [];
  const seen = new Set<KnownFailure>();
  for (const { name, failed } of results) {
    for (const [test, said] of failed) {
      const known = knownFailures.find((one) => one.package === name && one.test.test(test));
      if (known === undefined) problems.push(`${name} ${test || "(the package)"} failed:\n${said}`);
      else seen.add(known);
    }
  }
  const ran = new Set(results.map(({ name }) => name));
  for (const known of knownFailures)
    if (ran.has(known.package) && !seen.has(known))
      problems.push(`${known.package} ${known.test}: listed as a known failure, and nothing fails`);
  return problems;
}
