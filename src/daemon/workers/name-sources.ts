import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { NameSources } from "../../worker/protocol.ts";

/** resolv.conf(5): no more are asked. */
const serversMax = 3;
/** Lists of blocked names are longer, and no business of services. */
const hostsCharactersMax = 256 * 1024;

/** What this machine resolves names by; `servers` replace those of resolv.conf(5) when there are any. */
export function readNameSources(servers: readonly string[]): NameSources {
  return {
    servers: servers.length > 0 ? servers : nameServers(textOf("/etc/resolv.conf")),
    hosts: hostNames(textOf("/etc/hosts").slice(0, hostsCharactersMax)),
  };
}

/** The name servers of a resolv.conf(5); the machine itself when it names none. */
export function nameServers(text: string): string[] {
  const found = [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)].flatMap(([, address = ""]) =>
    isIP(address) === 0 ? [] : [address],
  );
  return found.length > 0 ? found.slice(0, serversMax) : ["127.0.0.1"];
}

/** The names of a hosts(5), in lower case, each with its addresses. */
export function hostNames(text: string): Record<string, string[]> {
  const hosts: Record<string, string[]> = Object.create(null);
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names.map((one) => one.toLowerCase())) hosts[name] = [...(hosts[name] ?? []), address];
  }
  return hosts;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Not there, or nobody's to read: then there is nothing to go by.
    return "";
  }
}
