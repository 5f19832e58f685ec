import type { AnswerTarget } from "./answer.ts";
import { hostName } from "./http1/host.ts";

const noBody = new Uint8Array(0);
const placeholder = /\{(?:path|query|host)\}/g;

/** What of a request a redirect may repeat. */
export interface Redirected {
  /** The Host field or :authority, as sent. */
  readonly host: string;
  /** In origin form, query included. */
  readonly target: string;
  readonly path: string;
}

/**
 * Sends clients elsewhere. What follows the route's own path and the query are kept, unless `to` says with `{path}`, `{query}`
 * or `{host}` what is to become of them, or has a query or fragment of its own: then it is used as it is written.
 *
 * `to` was checked (control/redirect.ts): it is a URL with a host of its own or `{host}`, or a path.
 */
export function redirecting(to: string, status: number): AnswerTarget {
  return {
    kind: "answer",
    answer: (request, { path }) => ({
      status,
      fields: [["Location", location(to, request, path)]],
      body: noBody,
    }),
  };
}

/** Exported for its tests: the Location for a request that a route of the prefix `mountedAt` matched. */
export function location(to: string, { host, target, path }: Redirected, mountedAt: string): string {
  const query = target.startsWith(path) ? target.slice(path.length) : "";
  let text: string;
  if (to.search(placeholder) >= 0 || /[?#]/.test(to)) {
    text = to.replace(placeholder, (name) => (name === "{path}" ? path : name === "{query}" ? query : hostName(host)));
  } else {
    const rest = path.slice(mountedAt.length);
    text = (rest === "" ? to : to.replace(/\/+$/, "") + rest) + query;
  }
  // RFC 3986 §4.2: what begins with two slashes names a host, and browsers read `\` as a slash. A request's path must not.
  if (text.startsWith("/")) text = text.replace(/^[/\\]+/, "/");
  return escaped(text);
}

/** Only what a URI may hold (RFC 3986 §2): a field's value, and nothing that a client could read as more. */
function escaped(text: string): string {
  return text.replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (char) => {
    const code = char.codePointAt(0)!;
    // A head's bytes are read as Latin-1: each such character is one byte of what the client sent.
    return code <= 0xff ? `%${code.toString(16).toUpperCase().padStart(2, "0")}` : encodeURIComponent(char);
  });
}
