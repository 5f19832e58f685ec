/** `scheme` of wasi:http/types. */
export type Scheme =
  | { readonly tag: "HTTP" | "HTTPS"; readonly val: undefined }
  | { readonly tag: "other"; readonly val: string };

// RFC 3986 §3.1.
const schemePattern = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
const schemeBytesMax = 64;
// RFC 3986 §3.3 and §3.4, and what browsers leave as it is (https://url.spec.whatwg.org, query percent-encode set): bytes that neither end the request line nor begin a fragment.
const pathPattern = /^(?:[/?][\x21\x22\x24-\x7e]*|\*)$/;
const targetBytesMax = 64 * 1024;
// RFC 3986 §3.2: no user information, which nobody would be sent.
const hostPattern = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9\-._~!$&'()*+,;=%]+))(?::([0-9]{1,5}))?$/;
const hostBytesMax = 255;

export const http: Scheme = { tag: "HTTP", val: undefined };
export const https: Scheme = { tag: "HTTPS", val: undefined };

export function isScheme(text: string): boolean {
  return text.length <= schemeBytesMax && schemePattern.test(text);
}

/** A path with its query, `*`, or nothing, which stands for `/`. */
export function isPathWithQuery(text: string): boolean {
  return text === "" || (text.length <= targetBytesMax && pathPattern.test(text));
}

export interface Authority {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number | undefined;
}

/** Undefined when it is not one. */
export function parseAuthority(text: string): Authority | undefined {
  const match = hostPattern.exec(text);
  if (match === null) return undefined;
  const host = match[1] ?? match[2] ?? "";
  const port = match[3] === undefined ? undefined : Number(match[3]);
  if (host.length > hostBytesMax || (port !== undefined && port > 65_535)) return undefined;
  return { host, port };
}
