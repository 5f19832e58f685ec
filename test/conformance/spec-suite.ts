import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

const source = join(import.meta.dirname, "spec-suite");
const folder = join(tmpdir(), `warren-spec-suite-${process.getuid?.() ?? 0}`);

/**
 * The converter of spec-suite/, built once and kept. Undefined when there is no Rust of the age that it needs, and the test
 * is skipped then.
 */
export function specSuiteTool(t: TestContext): string | undefined {
  const built = spawnSync("cargo", ["build", "--release", "--quiet", "--locked"], {
    cwd: source,
    env: { ...process.env, CARGO_TARGET_DIR: join(folder, "target") },
    encoding: "utf8",
  });
  if (built.status === 0) return join(folder, "target/release/spec-suite");
  const reason = `the converter of the specification's suite cannot be built: ${built.error?.message ?? built.stderr}`;
  if (process.env.WARREN_TOOLCHAINS === "required") throw new Error(reason);
  t.skip(reason.slice(0, 500));
  return undefined;
}

/** A folder for what the tool makes. */
export function suiteFolder(name: string): string {
  const path = join(folder, name);
  if (!existsSync(path)) mkdirSync(path, { recursive: true });
  return path;
}
