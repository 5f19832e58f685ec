import { spawnSync } from "node:child_process";

/** Wall time of a command from start to exit, milliseconds. Throws when it fails. */
export function commandMs(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): number {
  const began = performance.now();
  const { status, stderr, error } = spawnSync(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const took = performance.now() - began;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
  return took;
}
