import { isIP } from "node:net";
import { hostProblem } from "./host-name.ts";

/** Keeps the method, and is for good: what a move to another address means (RFC 9110 §15.4.9). */
export const redirectStatusDefault = 308;

const redirectCharactersMax = 2048;
const names = /\{(?:path|query|host)\}/g;
// {path} may follow a host without a slash, since it begins with one; {query} begins with ? or is empty.
const absolute = /^https?:\/\/(\[[^\]]*\]|[^/?#:]*)(?::([0-9]{1,5}))?(?:$|[/?#])/;

/** Why a route must not redirect to this; undefined when it may. */
export function redirectProblem(to: string): string | undefined {
  if (to.length > redirectCharactersMax) return `at most ${redirectCharactersMax} characters`;
  if (!/^[!-~]+$/.test(to) || /["<>\\^`|]/.test(to)) return "write it as a URL, with %XX for other characters";
  if (/[{}]/.test(to.replace(names, ""))) return "only {path}, {query} and {host} can be repeated";
  if (to.startsWith("/")) {
    // What follows two slashes is a host, and one that the client would choose.
    return /^\/(\/|\{)/.test(to) ? "a redirect on the same host begins with a path such as /new" : undefined;
  }
  const [, host, port] = absolute.exec(to.replace(/\{(path|query)\}/g, "/")) ?? [];
  if (host === undefined) return "expected https://NAME, http://NAME or a path such as /new";
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return "the port must be from 1 to 65535";
  if (host === "{host}" || isIP(host.replace(/^\[|\]$/g, "")) !== 0) return undefined;
  // www.{host}, but never new{host}: the client would choose what the name becomes.
  const name = host.endsWith(".{host}") ? host.slice(0, -".{host}".length) : host;
  return name.startsWith("*") ? "* stands for no name here" : hostProblem(name.toLowerCase());
}
