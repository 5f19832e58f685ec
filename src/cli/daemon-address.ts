import { homedir } from "node:os";
import { join } from "node:path";

/** The state directory that `serve` takes by default. */
export function defaultState(env: NodeJS.ProcessEnv = process.env, uid: number = process.geteuid?.() ?? -1): string {
  if (uid === 0) return "/var/lib/warren";
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), ".local/state"), "warren");
}

/**
 * The socket that `serve` opens and every other command calls by default. Without XDG_RUNTIME_DIR (no login session) it
 * lies in the state directory: a fixed name below /tmp could be taken by another user.
 */
export function defaultSocket(env: NodeJS.ProcessEnv = process.env, uid: number = process.geteuid?.() ?? -1): string {
  if (uid === 0) return "/run/warren.sock";
  const runtime = env.XDG_RUNTIME_DIR;
  return runtime ? join(runtime, "warren.sock") : join(defaultState(env, uid), "warren.sock");
}

/** The daemon that commands talk to: `--host`, else WARREN_HOST, else the default socket. */
export function daemonHost(option: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  return option || env.WARREN_HOST || `unix://${defaultSocket(env)}`;
}
