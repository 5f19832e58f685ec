import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

// Toolchains that are looked for may write into it.
const home = mkdtempSync(join(tmpdir(), "warren-home-"));
process.once("exit", () => rmSync(home, { recursive: true, force: true }));

/** Runs the command line in a process of its own, from the sources, far from any daemon and without a terminal. */
export function warren(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const main = join(import.meta.dirname, "start.ts");
  const isolated = {
    PATH: process.env.PATH,
    HOME: home,
    WARREN_HOST: "unix:///nonexistent/warren.sock",
    NODE_DISABLE_COMPILE_CACHE: "1",
    ...env,
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", main, ...args],
      { env: isolated },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr });
      },
    );
  });
}
