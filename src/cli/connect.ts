import { WarrenClient } from "../control/client.ts";
import { daemonHost } from "./daemon-address.ts";
import type { ClientOptions } from "./options.ts";

/** The client of the daemon that `--host`, WARREN_HOST or the default socket names; WARREN_TOKEN is its key. */
export function connect({ host }: Pick<ClientOptions, "host">): WarrenClient {
  return new WarrenClient(daemonHost(host), { token: process.env.WARREN_TOKEN });
}
