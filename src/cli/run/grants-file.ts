import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { systemCode, WarrenError } from "../../base/errors.ts";
import { outboundGrant } from "../../base/outbound-grant.ts";
import { parseGrants } from "../../control/grants.ts";
import { type GrantWords, parseListen } from "./grants.ts";

/**
 * Reads a file of `--grants`; its directories may be relative to it. Throws `grants.unreadable` and what {@link parseGrants}
 * throws.
 */
export function readGrants(file: string): GrantWords {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new WarrenError("grants.unreadable", `cannot read ${file} (${systemCode(error) ?? String(error)})`, {
      cause: error,
    });
  }
  const { env, mount = [], outbound = [], listen = [], limits = {} } = parseGrants(text, { file });
  return {
    ...(env === undefined ? {} : { env }),
    mounts: mount.map(({ source, tmp, target, mode = "ro" }) =>
      source === undefined ? { target, tmp: tmp ?? "0" } : { source: resolve(dirname(file), source), target, mode },
    ),
    outbound: outbound.flatMap(({ host, port = "*", protocol = "tcp" }) =>
      host === undefined ? [] : [outboundGrant({ host, port, protocol })],
    ),
    unix: outbound.flatMap(({ unix, as = unix }) =>
      unix === undefined || as === undefined ? [] : [{ path: as, source: resolve(dirname(file), unix) }],
    ),
    listen: listen.map(parseListen),
    ...limits,
  };
}
