import { isIP } from "node:net";
import type { Address } from "../base/address.ts";
import { WarrenError } from "../base/errors.ts";
import type { Client } from "./client.ts";

// A front that holds a connection for a service of another worker, and cannot give it away, sends its requests there over
// a connection between the two fronts. Each says in this field who the client is. From anyone else it is dropped.
export const peerField = "Warren-Forwarded";

/** The field's value. `passed`: how often a request was asked of another front before, where that is counted. */
export function formatPeerClient({ remote, local, scheme }: Client, passed = 0): string {
  return `${remote.ip} ${remote.port} ${local.ip} ${local.port} ${scheme}${passed === 0 ? "" : ` ${passed}`}`;
}

/** How often a request with this field had been asked of another front before. */
export function parsePassed(text: string): number {
  return Number(text.split(" ")[5] ?? 0);
}

/** Throws `peer.malformed`: the other worker may have been taken over by its guest. */
export function parsePeerClient(text: string): Client {
  const [remoteIp = "", remotePort, localIp = "", localPort, scheme, passed = "0", ...rest] = text.split(" ");
  if (rest.length > 0 || !/^[0-9]$/.test(passed) || (scheme !== "http" && scheme !== "https")) throw malformed();
  return { remote: address(remoteIp, remotePort), local: address(localIp, localPort), scheme };
}

function address(ip: string, port: string | undefined): Address {
  if (isIP(ip) === 0 || port === undefined || !/^[0-9]{1,5}$/.test(port)) throw malformed();
  return { ip, port: Number(port) };
}

function malformed(): WarrenError {
  return new WarrenError("peer.malformed", "a worker passed a request on without saying whose it is", { status: 502 });
}
