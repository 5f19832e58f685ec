import { formatAddress } from "../../base/address.ts";
import { formatOutboundGrant } from "../../base/outbound-grant.ts";
import type { MountSpec } from "../../wasi/files/mount.ts";
import type { Grants } from "./grants.ts";

export interface Explained {
  readonly program: string;
  readonly args: readonly string[];
  readonly grants: Grants;
}

/** Everything a program is granted, a line each: what is not listed, it has not. */
export function explain({ program, args, grants }: Explained): string {
  const { mounts, env, outbound, unix, listen, memoryMax, cpu, timeMs, interactive } = grants;
  const variables = Object.entries(env);
  return [
    `program: ${program}`,
    `arguments: ${args.length === 0 ? "none" : args.map((arg) => JSON.stringify(arg)).join(" ")}`,
    ...(mounts.length === 0 ? ["files: none"] : mounts.map(mountLine)),
    ...(variables.length === 0
      ? ["variables: none"]
      : variables.map(([name, value]) => `variable: ${name}=${JSON.stringify(value)}`)),
    ...(outbound.length + unix.length === 0 ? ["connections: none"] : []),
    ...outbound.map((grant) => `connections: ${formatOutboundGrant(grant)}`),
    ...unix.map(({ path, source }) => `connections: unix:${path} = ${source}`),
    ...(listen.length === 0
      ? ["listens: nowhere"]
      : listen.map(({ protocol, address }) => `listens: ${protocol}://${formatAddress(address)}`)),
    `memory: ${memoryMax === undefined ? "what the program declares" : `at most ${memoryMax} bytes`}`,
    `cpu: ${cpu === undefined ? "no limit" : `at most ${cpu} cores, averaged`}`,
    `time: ${timeMs === undefined ? "no limit" : `at most ${timeMs / 1000} s`}`,
    `streams: standard input, output and error${interactive ? ", and the terminal's keys and screen" : ""}`,
  ].join("\n");
}

function mountLine(mount: MountSpec): string {
  if ("tmpBytesMax" in mount) return `files: ${mount.target}, in memory, at most ${mount.tmpBytesMax} bytes`;
  return `files: ${mount.target} = ${mount.source} (${mount.mode})`;
}
