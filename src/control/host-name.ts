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
  const canonical = canonicalName(name);
  if (canonical !== undefined && canonical !== name && isIP(canonical) === 0)
    return `write it as clients send it: ${host.startsWith("*.") ? "*." : ""}${canonical}`;
  if (!name.split(".").every((part) => label.test(part)))
    return "expected a name such as shop.example.com or *.example.com";
  // Such as 127.1 and xn--a: no client sends these.
  if (canonical !== name) return "no client can send this name";
  return undefined;
}

/** A host name as clients send it (WHATWG URL, host parsing): lower case, A-labels, without a dot at its end. */
export function canonicalName(name: string): string | undefined {
  const plain = name.endsWith(".") ? name.slice(0, -1) : name;
  if (plain === "" || /[/?#:@\\[\]%\s]/.test(plain)) return undefined;
  const url = URL.parse(`http://${plain}/`);
  return url === null || url.hostname === "" ? undefined : url.hostname;
}
