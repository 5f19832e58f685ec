// The tests of Go's own standard library, compiled for wasip1 from the Go that is installed and run by `warren run`:
// `node test/conformance/go-std.ts` for all (minutes), with names of packages for those only. Exit code 1 for a failure that
// is not in go/known-failures.ts, or one of those that passes.
import { judge } from "./go/judge.ts";
import { networkPackages, plainPackages } from "./go/packages.ts";
import { type PackageResult, runGoTests } from "./go/run-go-tests.ts";

const wanted = process.argv.slice(2);
const chosen = (packages: readonly string[]) =>
  wanted.length === 0 ? packages : packages.filter((name) => wanted.includes(name));
const unknown = wanted.filter((name) => ![...plainPackages, ...networkPackages].includes(name));
if (unknown.length > 0) {
  console.error(`not in go/packages.ts: ${unknown.join(", ")}`);
  process.exit(2);
}

function print({ name, seconds, passed, skipped, failed }: PackageResult): void {
  const counts = [passed, skipped, failed.size].map((count) => String(count).padStart(7)).join("");
  console.log(`${name.padEnd(28)}${counts}${seconds.toFixed(1).padStart(8)} s`);
}

console.log(`${"package".padEnd(28)} passed skipped failed    time`);
const results: PackageResult[] = [];
for (const [packages, network] of [
  [chosen(plainPackages), false],
  [chosen(networkPackages), true],
] as const) {
  if (packages.length > 0) results.push(...(await runGoTests({ packages, network, onResult: print })));
}
const sum = (of: (result: PackageResult) => number) => results.reduce((all, result) => all + of(result), 0);
console.log(
  `${results.length} packages: ${sum(({ passed }) => passed)} tests passed, ${sum(({ skipped }) => skipped)} skipped, ${sum(({ failed }) => failed.size)} failed`,
);
const problems = judge(results);
for (const problem of problems) console.log(`✖ ${problem}`);
if (problems.length > 0 || results.length === 0) process.exitCode = 1;
