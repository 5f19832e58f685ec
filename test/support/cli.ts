import { execFile } from "node:child_process";
import { join } from "node:path";
import type { TestDaemon } from "./daemon.ts";

export interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export const launcher: string = join(import.meta.dirname, "../../warren");

/** Runs `./warren` as a user does, without a terminal, against a daemon where one is given. */
export function warren(
  daemon: TestDaemon | undefined,
  args: readonly string[],
  { cwd, env = process.env }: Surroundings = {},
): Promise<Ended> {
  const host = daemon === undefined ? {} : { WARREN_HOST: `unix://${daemon.socket}` };
  return new Promise((resolve) => {
    execFile(
      launcher,
      args,
      { env: { ...env, ...host }, maxBuffer: 64 * 1024 * 1024, ...(cwd === undefined ? {} : { cwd }) },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr });
      },
    );
  });
}
