// `npm test`: lint, types, then every test. Unit tests run one file a core; the end-to-end tests one file at a time,
// since each fills the machine by itself. `npm test -- src/net` runs only the tests under the paths given.
// A test that hangs fails: by its time, and when it cannot be stopped (a call that blocks), by the run's end with its name.
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, normalize, relative } from "node:path";
import { run } from "node:test";
import { inspect } from "node:util";
import { Watchdog } from "./watchdog.ts";

const root = join(import.meta.dirname, "..");
process.chdir(root);

const counted = ["tests", "suites", "passed", "failed", "cancelled", "skipped", "todo"] as const;
type Counts = Record<(typeof counted)[number], number>;

/** Of one test. The longest compiles a generator of modules first, and took seven minutes on a machine that was busy otherwise. */
const testMsMax = 15 * 60_000;
/** Without a single test that ends. */
const silenceMsMax = 20 * 60_000;

const started = performance.now();
const totals: Counts = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
const failures: string[] = [];

function tool(name: string, args: readonly string[]): Promise<void> {
  console.log(`▶ ${[name, ...args].join(" ")}`);
  return new Promise((resolve) => {
    const child = spawn(join("node_modules", ".bin", name), args, { stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", (error) => {
      failures.push(`${name}: ${error.message}`);
      resolve();
    });
    child.once("exit", (code, signal) => {
      if (code !== 0) failures.push(`${name} (${signal ?? `exit code ${code}`})`);
      resolve();
    });
  });
}

async function tests(patterns: readonly string[], concurrency: number): Promise<void> {
  const wanted = process.argv.slice(2).map((path) => normalize(path));
  const files = globSync(patterns)
    .filter((path) => wanted.length === 0 || wanted.some((prefix) => path.startsWith(prefix)))
    .sort();
  if (files.length === 0) return;
  console.log(`▶ node --test, ${files.length} files, ${concurrency} at a time`);
  // A test that fails may leave a server open: its process must end all the same, or nobody learns of the failure.
  const execArgv = ["--disable-warning=ExperimentalWarning", "--test-force-exit"];
  const stream = run({ files, concurrency, timeout: testMsMax, execArgv });
  const watchdog = new Watchdog(silenceMsMax, (running) => {
    console.log(`\n✖ no test has ended for ${silenceMsMax / 60_000} minutes. Still running:\n${running.join("\n")}`);
    process.exit(1);
  });
  stream.on("test:complete", () => watchdog.feed());
  let done = 0;
  let ended = false;
  // Two thousand tests that pass say nothing: a line for each file, and all of what fails.
  stream.on("test:fail", ({ name, file, details, nesting, skip, todo }) => {
    if (skip !== undefined || todo !== undefined || details.error === undefined) return;
    const where = file === undefined ? "" : `${relative(root, file)}: `;
    const { cause } = details.error;
    console.log(`\n✖ ${where}${name}\n${typeof cause === "string" ? cause : inspect(cause)}\n`);
    if (nesting === 0) failures.push(`${where}${name}`);
  });
  stream.on("test:summary", ({ file, counts, duration_ms, success }) => {
    if (file !== undefined) {
      const seconds = (duration_ms / 1000).toFixed(1);
      const place = `[${++done}/${files.length}, ${elapsed()}]`;
      console.log(
        `${success ? "✔" : "✖"} ${relative(root, file)}: ${counts.passed} of ${counts.tests}, ${seconds} s ${place}`,
      );
      return;
    }
    ended = true;
    // The type declarations leave `failed` out.
    const all = counts as unknown as Counts;
    for (const key of counted) totals[key] += all[key];
    if (!success && all.failed + all.cancelled === 0) failures.push("node --test did not succeed");
  });
  stream.on("test:stdout", ({ message }) => void process.stdout.write(message));
  stream.on("test:stderr", ({ message }) => void process.stderr.write(message));
  for await (const _ of stream) {
    // What matters is listened for.
  }
  watchdog.stop();
  if (!ended) failures.push("node --test ended without a summary");
}

function elapsed(): string {
  const seconds = Math.round((performance.now() - started) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

if (process.argv.length === 2) {
  await tool("biome", ["check", "--error-on-warnings", "."]);
  await tool("tsc", ["--noEmit"]);
}
await tests(["src/**/*.{test,fuzz}.ts", "tools/**/*.test.ts"], availableParallelism());
await tests(["test/**/*.test.ts"], 1);

if (process.env.WARREN_TOOLCHAINS === "required" && totals.skipped > 0)
  failures.push(`${totals.skipped} tests were skipped, and WARREN_TOOLCHAINS=required allows none`);

console.log("\n▶ all together");
for (const failure of failures) console.log(`✖ ${failure}`);
console.log(`ℹ tests ${totals.tests}
ℹ suites ${totals.suites}
ℹ pass ${totals.passed}
ℹ fail ${totals.failed}
ℹ cancelled ${totals.cancelled}
ℹ skipped ${totals.skipped}
ℹ todo ${totals.todo}
ℹ duration_ms ${(performance.now() - started).toFixed(3)}`);

process.exitCode = failures.length === 0 && totals.tests > 0 && totals.failed + totals.cancelled === 0 ? 0 : 1;
