import type { IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { receivedFields } from "../http/http-client.ts";
import { openConnection } from "../http/open-connection.ts";
import type { Dialler } from "../sockets/dialler.ts";

/** As browsers follow (Fetch, §4.4 HTTP-redirect fetch). */
const redirectsMax = 20;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
/** What says how the message travels is ours to say (Fetch, "forbidden request-header"; RFC 9110 §7.6.1). */
const ownFields: readonly string[] = [
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
const refusedMethods: readonly string[] = ["CONNECT", "TRACE", "TRACK"];
const credentialFields: readonly string[] = ["authorization", "cookie"];

export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  /** In the order in which they are sent. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | undefined;
  readonly redirect: "follow" | "error" | "manual";
}

export interface HttpAnswer {
  readonly url: URL;
  readonly redirected: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Without compression by gzip. */
  readonly body: Readable;
}

/**
 * Sends a request over what the program was granted, HTTP/1.1 and one connection a request, and follows redirects: each is
 * checked as the first is. Rejects with an Error whose text is for the program.
 */
export async function sendRequest(request: HttpRequest, dialler: Dialler, signal: AbortSignal): Promise<HttpAnswer> {
  let { url, method, fields, body } = request;
  if (refusedMethods.includes(method.toUpperCase())) throw new Error(`the method ${method} cannot be sent`);
  for (let hops = 0; ; hops++) {
    const message = await exchange({ ...request, url, method, fields, body }, dialler, signal);
    const status = message.statusCode ?? 0;
    const location = redirectStatuses.includes(status) ? message.headers.location : undefined;
    if (location === undefined || request.redirect === "manual")
      return {
        url,
        redirected: hops > 0,
        status,
        statusText: message.statusMessage ?? "",
        fields: receivedFields(message.rawHeaders),
        body: bodyOf(message, method),
      };
    message.destroy();
    if (request.redirect === "error") throw new Error(`${url.host} redirects`);
    if (hops === redirectsMax) throw new Error(`${url.host} redirects too often`);
    const next = new URL(location, url);
    if (status === 303 ? method !== "HEAD" : status <= 302 && method === "POST") {
      method = "GET";
      body = undefined;
      fields = fields.filter(([name]) => !name.toLowerCase().startsWith("content-"));
    }
    if (next.origin !== url.origin) fields = fields.filter(([name]) => !credentialFields.includes(name.toLowerCase()));
    url = next;
  }
}

async function exchange(request: HttpRequest, dialler: Dialler, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, method, body } = request;
  const connection = await connect(url, dialler, signal);
  const headers: Record<string, string[]> = Object.create(null);
  for (const [name, value] of request.fields) {
    const key = name.toLowerCase();
    if (!ownFields.includes(key)) headers[key] = [...(headers[key] ?? []), value];
  }
  headers.host = [url.host];
  // Go takes what is compressed so for text that was decompressed already.
  headers["accept-encoding"] ??= ["gzip"];
  return new Promise((resolve, reject) => {
    // Not a static import: node:http takes milliseconds to load, and few programs come here.
    const sent = process.getBuiltinModule("node:http").request({
      createConnection: () => connection,
      method,
      path: `${url.pathname}${url.search}`,
      headers,
      signal,
    });
    sent.on("error", reject);
    sent.on("response", resolve);
    sent.end(body);
  }).catch((error: unknown) => {
    connection.destroy();
    throw error;
  }) as Promise<IncomingMessage>;
}

async function connect(url: URL, dialler: Dialler, signal: AbortSignal): Promise<Duplex> {
  const secure = url.protocol === "https:";
  if (!secure && url.protocol !== "http:") throw new Error(`there is no way to fetch ${url.protocol} addresses`);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return openConnection({ secure, host, port }, { dialler, signal });
}

function bodyOf(message: IncomingMessage, method: string): Readable {
  message.on("error", () => {});
  const compressed = message.headers["content-encoding"]?.trim().toLowerCase() === "gzip";
  if (!compressed || method === "HEAD" || message.statusCode === 204 || message.statusCode === 304) return message;
  const { pipeline } = process.getBuiltinModule("node:stream");
  const plain = process.getBuiltinModule("node:zlib").createGunzip();
  // Whoever reads is told of what fails.
  pipeline(message, plain, () => {});
  return plain;
}
