import { isIP } from "node:net";

const hostLengthMax = 253;
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Why a host name of a route is not one; undefined when it is. RFC 1123 §2.1, with `*.` for any one or more labels. */
export function hostProblem(host: string): string | undefined {
  if (host !== host.toLowerCase()) return `write it in lower case: ${host.toLowerCase()}`;
  if (host.includes("/")) return "expected a name without scheme or path, such as shop.example.com";
  if (isIP(host.replace(/^\[|\]$/g, "")) !== 0) return 'an address goes into "ip"';
  if (/:[0-9]*$/.test(host)) return "a route's host has no port";
  const name = host.startsWith("*.") ? host.slice(2) : host;
  if (name.includes("*")) return "* stands only for the whole first label, as in *.example.com";
  if (name.length > hostLengthMax) return `at most ${hostLengthMax} characters`;
  if (!name.split(".").every((part) => label.test(part)))
    return "expected a name such as shop.example.com or *.example.com";
  return undefined;
}
