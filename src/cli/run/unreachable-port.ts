import { ephemeralPorts } from "../../wasi/sockets/virtual-network.ts";
import type { ListenGrant } from "./grants.ts";
import type { Missing } from "./refusals.ts";

/**
 * What is missing when a program listens on a port that nobody can reach: to be told at once, since a server does not end and
 * seems to work. Undefined for a granted port, and for those that a system chooses, by which programs talk to themselves.
 */
export function unreachablePort(
  granted: readonly ListenGrant[],
  port: number,
  protocol: "tcp" | "udp",
): Missing | undefined {
  if (port >= ephemeralPorts.first) return undefined;
  if (granted.some((one) => one.protocol === protocol && one.address.port === port)) return undefined;
  return {
    what: `port ${port}`,
    why: "the program listens there, and nobody can reach it",
    flag: `--listen ${port}${protocol === "udp" ? "/udp" : ""}`,
  };
}
