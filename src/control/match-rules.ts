import { type Path, shown } from "./check.ts";
import { type Route, shareOf } from "./route.ts";
import type { RuleIssue } from "./rule-issue.ts";

const headersMax = 10;
const valueCharactersMax = 1000;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
/** Those that the front acts on itself, or sets anew: a route never sees what a client sent. */
const notSeen =
  /^(host|connection|content-length|transfer-encoding|upgrade|expect|te|trailer|keep-alive|proxy|proxy-connection|http2-settings|forwarded|x-real-ip|x-request-id|warren-forwarded|x-forwarded-.*)$/;

/** What is wrong with a route's conditions on requests, and with what is done to those that fulfil them. */
export function checkMatches(route: Route, at: Path, issues: RuleIssue[]): void {
  const { path, strip, methods, headers, share } = route;
  const bad = (key: string, message: string, hint?: string): void => {
    issues.push({ kind: "bad-value", path: [...at, key], message, ...(hint === undefined ? {} : { hint }) });
  };
  if (strip === true && (path ?? "").replace(/\/+$/, "") === "")
    bad("strip", "needs a path that can be taken off", 'path = "/api" for example');
  if (methods?.length === 0) bad("methods", "must name a method", "leave it out for all of them");
  const refused = methods?.find((method) => method === "CONNECT" || method === "TRACE");
  if (refused !== undefined) bad("methods", `cannot have ${refused}, which is not offered`);
  if (share !== undefined && (shareOf(route) ?? 0) > 1) bad("share", `must be at most 100%, not ${shown(share)}`);
  if (headers === undefined) return;
  const names = Object.keys(headers);
  if (names.length === 0) bad("headers", "must name a field", "leave it out where none matters");
  if (names.length > headersMax) bad("headers", `has more than ${headersMax} fields`);
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length)
    bad("headers", "has a name twice", "upper and lower case are the same");
  for (const [name, value] of Object.entries(headers)) checkField(name, value, bad);
}

function checkField(name: string, value: string, bad: (key: string, message: string, hint?: string) => void): void {
  if (!token.test(name)) bad("headers", `has a name that no field can have: ${shown(name)}`);
  else if (notSeen.test(name.toLowerCase().replaceAll("_", "-")))
    bad("headers", `cannot ask for ${shown(name)}, which is the front's own to read or set`);
  // RFC 9110 §5.5: no control characters, and no space at either end.
  if (value.length > valueCharactersMax || !/^[!-~]+([ \t]+[!-~]+)*$/.test(value))
    bad("headers", `asks ${shown(name)} for a value that no field can have`, '"*" takes any value');
}
