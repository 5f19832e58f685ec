import { existsSync, statSync } from "node:fs";
import { errorRecord, systemCode } from "../../base/errors.ts";
import { version } from "../../base/version.ts";
import type { HealthView } from "../../control/service.ts";
import { connect } from "../connect.ts";
import { daemonHost, defaultSocket, defaultState } from "../daemon-address.ts";
import { formatBytes } from "../ui/units.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** The daemon that commands would call, and its state directory. */
export async function checkDaemon(host: string | undefined): Promise<Finding[]> {
  const address = daemonHost(host);
  let health: HealthView;
  try {
    health = await connect({ host: address }).health();
  } catch (error) {
    const { message, hint } = errorRecord(error);
    const advice = hint ?? "start it: warren serve";
    // On a machine where none was ever started nothing is broken; a daemon that was named must be there.
    const named = host !== undefined || Boolean(process.env.WARREN_HOST);
    const never = !named && !existsSync(defaultSocket());
    return [never ? warn("daemon", message, advice) : fail("daemon", message, advice), checkState(defaultState())];
  }
  const lost = health.workers.filter(({ state }) => state !== "ready").length;
  const memory = health.workers.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return [
    ok("daemon", `${address}, process ${health.pid}`),
    health.version === version
      ? ok("version", version)
      : warn(
          "version",
          `daemon ${health.version}, this command ${version}`,
          "restart the daemon with this version; its services go on meanwhile",
        ),
    health.listeners.length > 0
      ? ok("listeners", health.listeners.join(" "))
      : warn("listeners", "none", "start the daemon with --http ADDR"),
    lost === 0 && health.workers.length > 0
      ? ok("workers", `${health.workers.length} ready, ${formatBytes(memory)}`)
      : warn(
          "workers",
          `${health.workers.length - lost} of ${health.workers.length} ready`,
          "they may still be starting; the daemon's log says why a worker ended",
        ),
    ...wallOf(health),
    ...connectorOf(health),
    health.services.running === health.services.total
      ? ok("services", `${health.services.total} running`)
      : warn(
          "services",
          `${health.services.running} of ${health.services.total} running`,
          "`warren ls` shows the others and why",
        ),
    // A daemon elsewhere keeps its state elsewhere.
    ...(address.startsWith("unix:") ? [checkState(health.state)] : []),
  ];
}

/** What stands around its workers; an earlier version does not say. */
function wallOf({ wall }: HealthView): Finding[] {
  if (wall === undefined) return [];
  return [
    wall.missing.length === 0
      ? ok("wall", `whole around every worker (--wall=${wall.mode})`)
      : warn(
          "wall",
          wall.missing.join("; "),
          "see the checks of its pieces above, or start the daemon without --wall=off",
        ),
  ];
}

/** What opens outbound connections, while a service may have any. */
function connectorOf({ connector }: HealthView): Finding[] {
  if (connector === undefined) return [];
  return [
    connector.state === "ready"
      ? ok("connector", `process ${connector.pid}, ${formatBytes(connector.memoryBytes)}`)
      : warn(
          "connector",
          `${connector.reason ?? "it ended"}: services cannot open outbound connections`,
          "it is started again; the daemon's log and connector.log in the state directory say why it ended",
        ),
  ];
}

/** Secrets and programs of every tenant lie there. */
export function checkState(path: string): Finding {
  try {
    const state = statSync(path);
    const mode = (state.mode & 0o777).toString(8).padStart(4, "0");
    if (!state.isDirectory()) return fail("state", `${path} is not a directory`, "name another one with --state");
    return (state.mode & 0o077) === 0
      ? ok("state", `${path} (${mode})`)
      : fail("state", `${path} is open to other users (${mode})`, `chmod 700 ${path}`);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return ok("state", `${path} (made by the first \`warren serve\`)`);
    return warn(
      "state",
      `${path}: ${systemCode(error) ?? String(error)}`,
      "it can be looked at as the user who runs the daemon",
    );
  }
}
