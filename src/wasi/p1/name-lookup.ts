import { errno, type Result } from "../errno.ts";
import { ownAddressesOf } from "../sockets/socket-name.ts";
import { waitFor } from "../transfer.ts";
import type { Host } from "./host.ts";

export type Family = 4 | 6;

/** Services that programs name instead of their ports (IANA), as /etc/services has them; a guest has no such file. */
const ports: Readonly<Record<string, number>> = {
  domain: 53,
  ftp: 21,
  http: 80,
  https: 443,
  imap: 143,
  imaps: 993,
  ldap: 389,
  mysql: 3306,
  ntp: 123,
  postgresql: 5432,
  redis: 6379,
  smtp: 25,
  ssh: 22,
  submission: 587,
};

/** A service's port: decimal or a name; 0 for none. Undefined when it is not known. */
export function portOf(service: string): number | undefined {
  if (service === "") return 0;
  if (Object.hasOwn(ports, service)) return ports[service];
  return /^[0-9]{1,5}$/.test(service) && Number(service) <= 0xffff ? Number(service) : undefined;
}

/**
 * The addresses of a name as a guest means it: numbers, `localhost`, which is its own network, and the names that it was granted.
 * `tell` gives them to the guest, or the error; it must not throw. The empty name is the guest's own addresses.
 */
export function lookUpName(
  host: Host,
  name: string,
  family: Family | undefined,
  tell: (found: readonly string[] | Result) => number,
): number | Promise<number> {
  const known = ownAddressesOf(name);
  if (known !== undefined) {
    const wanted = known.filter((ip) => family === undefined || familyOf(ip) === family);
    return tell(wanted.length === 0 ? -errno.NOENT : wanted);
  }
  const found = host.dialler.resolve(name, family);
  return typeof found === "number" ? tell(found) : waitFor(host, found, tell);
}

export function familyOf(ip: string): Family {
  return ip.includes(":") ? 6 : 4;
}
