import { WarrenError } from "../../src/base/errors.ts";
import { BodyFraming } from "../../src/net/http1/body-framing.ts";
import { ChunkedBody } from "../../src/net/http1/chunked-body.ts";
import { forwardRequest } from "../../src/net/http1/forward-head.ts";
import { type HttpLimits, httpLimits } from "../../src/net/http1/limits.ts";
import { RequestHead } from "../../src/net/http1/request-head.ts";

/** A request as a recipient understands it. Text is latin1. */
export interface Request {
  readonly method: string;
  /** As in the request line. */
  readonly target: string;
  readonly host: string;
  /** `name: value` with the name in lower case, sorted. Fields of one hop and of framing are left out. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

/** What a recipient makes of a connection's bytes. */
export interface Seen {
  /** Whole ones, in order. */
  readonly requests: readonly Request[];
  /** It refused what came behind them. */
  readonly refused: boolean;
}

// Each recipient keeps these for itself or does not tell them apart from its own.
const left = new Set([
  "host",
  "connection",
  "transfer-encoding",
  "content-length",
  "trailer",
  "expect",
  "te",
  "upgrade",
]);
for (const name of ["keep-alive", "proxy-connection", "http2-settings"]) left.add(name);

export function fieldList(pairs: Iterable<readonly [string, string]>): string[] {
  const list: string[] = [];
  for (const [name, value] of pairs)
    if (!left.has(name.toLowerCase())) list.push(`${name.toLowerCase()}: ${value.replace(/^[ \t]+|[ \t]+$/g, "")}`);
  return list.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function linesOf(text: string): [string, string][] {
  const lines = text.split("\r\n").filter((line) => line !== "");
  return lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]);
}

function unchunked(bytes: Buffer, from: number): { data: string; trailers: string } {
  const body = new ChunkedBody();
  let data = "";
  let at = from;
  let behind = from;
  while (!body.done) {
    at = body.step(bytes, at);
    if (body.dataTo > body.dataFrom) behind = body.dataTo;
    data += bytes.toString("latin1", body.dataFrom, body.dataTo);
  }
  const end = bytes.toString("latin1", behind, at).replace(/^\r\n/, "");
  return { data, trailers: end.slice(end.indexOf("\r\n") + 2) };
}

/** What our codec makes of them, and the bytes as a guest gets them. */
export function seenHere(
  bytes: Buffer,
  limits: HttpLimits = httpLimits,
): Seen & { readonly forwarded: Buffer; readonly targets: readonly string[] } {
  const requests: Request[] = [];
  const targets: string[] = [];
  const out: Buffer[] = [];
  const result = (refused: boolean) => ({ requests, refused, forwarded: Buffer.concat(out), targets });
  const head = new RequestHead(limits);
  let at = 0;
  try {
    while (at < bytes.length) {
      const end = head.parse(bytes, at);
      if (end < 0) return result(false);
      const framing = head.chunked ? BodyFraming.chunked() : BodyFraming.length(head.contentLength);
      const bodyTo = framing.skip(bytes, end);
      if (!framing.done) return result(false);
      const { data, trailers } = head.chunked
        ? unchunked(bytes, end)
        : { data: bytes.toString("latin1", end, bodyTo), trailers: "" };
      const text = bytes.toString("latin1", head.start, end);
      requests.push({
        method: head.method,
        target: text.slice(text.indexOf(" ") + 1, text.indexOf("\r\n") - 9),
        host: head.host.toLowerCase(),
        fields: fieldList(linesOf(text.slice(text.indexOf("\r\n") + 2))),
        body: data,
        trailers: fieldList(linesOf(trailers)),
      });
      targets.push(head.target);
      out.push(forwardRequest(head, Buffer.from("X-Forwarded-Host: "), "id"), bytes.subarray(end, bodyTo));
      at = bodyTo;
      if (!head.persistent) return result(false);
    }
    return result(false);
  } catch (error) {
    if (!(error instanceof WarrenError)) throw error;
    return result(true);
  }
}

/** As {@link seenHere}, for what the front made of a request: it has added fields. */
export function seenForwarded(bytes: Buffer): Seen {
  return seenHere(bytes, { ...httpLimits, fieldsMax: httpLimits.fieldsMax + 10, requestHeadBytesMax: 32_768 });
}
