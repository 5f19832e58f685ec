import { WarrenError } from "../base/errors.ts";
import { parseIp } from "../base/ip.ts";
import { canonicalName, hostProblem } from "./host-name.ts";
import { canonicalIp } from "./listen.ts";

/**
 * What a namespace can be assigned, in its one spelling: a host name with all names below, an address, or `*` for every host
 * that nobody names. Throws `domain.invalid`.
 */
export function parseDomain(text: string): string {
  if (text === "*") return text;
  const ip = text.replace(/^\[|\]$/g, "");
  if (parseIp(ip) !== undefined) return canonicalIp(ip);
  const name = canonicalName(text);
  const problem = name === undefined ? "expected a name such as example.com, an address or *" : hostProblem(name);
  if (name !== undefined && problem === undefined && !text.startsWith("*.")) return name;
  throw new WarrenError("domain.invalid", `"${text.slice(0, 260)}" cannot be assigned to a namespace`, {
    hint: text.startsWith("*.") ? `write ${text.slice(2)}: all names below go with it` : (problem ?? ""),
  });
}
