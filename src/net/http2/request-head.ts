import { WarrenError } from "../../base/errors.ts";
import type { RequestView } from "../dispatch.ts";
import { field, fieldKindOf } from "../http1/field-name.ts";
import { parseContentLength } from "../http1/field-value.ts";
import { isHost } from "../http1/host.ts";
import type { HttpLimits } from "../http1/limits.ts";
import { checkOriginForm, invalidTarget, type TargetFacts } from "../http1/request-target.ts";
import { mayBeTrailer } from "../http1/trailer.ts";
import type { Field } from "../target.ts";
import { isTraceparent } from "../trace-context.ts";

const namePattern = /^[!#$%&'*+\-.^_`|~a-z0-9]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const valuePattern = /^(?![ \t])[^\x00-\x08\x0a-\x1f\x7f\u0100-\uffff]*(?<![ \t])$/;
const methodPattern = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]{1,32}$/;
/** RFC 9113 §6.5.2: what each field counts beside its name and value. */
const fieldOverhead = 32;

/** The head of one stream's request, held to what a head of HTTP/1 is held to (RFC 9113 §8.3, §8.2). */
export class Http2RequestHead implements RequestView {
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly path: string;
  readonly suspicious: boolean;
  /** -1 when it is not said. */
  readonly contentLength: number;
  readonly expectsContinue: boolean;
  /** What another front says of its client; to be believed on its connections only. */
  readonly peerClient: string;
  /** RFC 9113 §6.5.2: of names and values, with 32 bytes for each field. */
  readonly size: number;
  /** What goes on to a guest, `host` first. */
  readonly fields: readonly Field[];

  private constructor(parsed: Parsed) {
    const { pseudo, host, facts } = parsed;
    this.method = pseudo.method;
    this.host = host;
    this.target = pseudo.path;
    this.path = pseudo.path === "*" ? "/" : pseudo.path.slice(0, facts.pathTo);
    this.suspicious = facts.suspicious;
    this.contentLength = parsed.contentLength;
    this.expectsContinue = parsed.expectsContinue;
    this.peerClient = parsed.peerClient;
    this.size = parsed.size;
    this.fields = parsed.fields;
  }

  /** Takes names and values in turn, as they came. Throws WarrenError with the status to answer. */
  static parse(raw: readonly string[], limits: HttpLimits): Http2RequestHead {
    const pseudo: Pseudo = { method: "", path: "", scheme: "", authority: undefined };
    const fields: [string, string][] = [];
    let host: string | undefined;
    let cookie: [string, string] | undefined;
    let contentLength = -1;
    let expectsContinue = false;
    let peerClient = "";
    const traceparents: string[] = [];
    let size = 0;
    for (let index = 0; index < raw.length; index += 2) {
      const name = raw[index]!;
      const value = raw[index + 1]!;
      size += name.length + value.length + fieldOverhead;
      if (name.charCodeAt(0) === 0x3a) {
        if (fields.length > 0 || host !== undefined || contentLength >= 0)
          throw malformed("a pseudo-header field comes late");
        setPseudo(pseudo, name, value);
        continue;
      }
      if (!namePattern.test(name)) throw malformed("a field's name is not valid");
      if (!valuePattern.test(value)) throw malformed("a field's value is not valid");
      switch (fieldKindOf(name)) {
        case field.host:
          if (host !== undefined) throw new WarrenError("head.host", "more than one Host");
          host = value;
          continue;
        case field.contentLength:
          if (contentLength >= 0) throw new WarrenError("head.framing", "more than one Content-Length");
          contentLength = parseContentLength(Buffer.from(value, "latin1"), 0, value.length);
          break;
        case field.connection:
        case field.transferEncoding:
        case field.upgrade:
          // RFC 9113 §8.2.2: these say how a connection of HTTP/1 is used.
          throw malformed("a field of HTTP/1 connections");
        case field.hop:
          if (name === "te" ? value !== "trailers" : name !== "http2-settings")
            throw malformed("a field of HTTP/1 connections");
          continue;
        case field.expect:
          if (value.toLowerCase() !== "100-continue")
            throw new WarrenError("head.expectation", "only 100-continue can be expected", { status: 417 });
          expectsContinue = true;
          continue;
        case field.forwarded:
          continue;
        case field.peer:
          peerClient = value;
          continue;
        case field.traceparent:
          traceparents.push(value);
          break;
        default:
      }
      if (name === "cookie") {
        // RFC 9113 §8.2.3: sent in crumbs, to be one field again for whoever speaks another version.
        if (cookie !== undefined) {
          cookie[1] += `; ${value}`;
          continue;
        }
        cookie = [name, value];
        fields.push(cookie);
      } else fields.push([name, value]);
    }
    if (size > limits.requestHeadBytesMax + fieldOverhead * limits.fieldsMax)
      throw new WarrenError("head.too-large", `the head is over ${limits.requestHeadBytesMax} bytes`, { status: 431 });
    if (fields.length > limits.fieldsMax)
      throw new WarrenError("head.too-large", `more than ${limits.fieldsMax} fields`, { status: 431 });
    const authority = checkHost(pseudo.authority, host);
    const facts = checkPseudo(pseudo, limits);
    // As of HTTP/1: W3C Trace Context §3.2, §3.3.
    const traced = traceparents.length === 1 && isTraceparent(traceparents[0]!);
    const kept = traced ? fields : fields.filter(([name]) => name !== "traceparent" && name !== "tracestate");
    return new Http2RequestHead({
      pseudo,
      host: authority,
      facts,
      contentLength,
      expectsContinue,
      peerClient,
      size,
      fields: [["host", authority], ...kept],
    });
  }

  field(name: string): string | undefined {
    return this.fields.find(([key]) => key === name)?.[1];
  }
}

interface Parsed {
  readonly pseudo: Pseudo;
  readonly host: string;
  readonly facts: TargetFacts;
  readonly contentLength: number;
  readonly expectsContinue: boolean;
  readonly peerClient: string;
  readonly size: number;
  readonly fields: readonly Field[];
}

interface Pseudo {
  method: string;
  path: string;
  scheme: string;
  authority: string | undefined;
}

function setPseudo(pseudo: Pseudo, name: string, value: string): void {
  const key = name.slice(1);
  if (key !== "method" && key !== "path" && key !== "scheme" && key !== "authority")
    throw malformed("a pseudo-header field that no request has");
  if (pseudo[key]) throw malformed("a pseudo-header field comes twice");
  pseudo[key] = value;
}

function checkPseudo(pseudo: Pseudo, limits: HttpLimits): TargetFacts {
  const { method, path, scheme } = pseudo;
  if (!methodPattern.test(method)) throw malformed("the method is not valid");
  if (method === "CONNECT" || method === "TRACE")
    throw new WarrenError("head.method", `${method} is not offered here`, { status: 501 });
  if (scheme !== "http" && scheme !== "https") throw malformed("the scheme is neither http nor https");
  const facts = { pathTo: 0, suspicious: false };
  if (path === "*" && method === "OPTIONS") return facts;
  if (path.charCodeAt(0) !== 0x2f) throw invalidTarget();
  if (path.length > limits.targetBytesMax)
    throw new WarrenError("head.line-too-long", `the target is over ${limits.targetBytesMax} bytes`, { status: 414 });
  checkOriginForm(Buffer.from(path, "latin1"), 0, path.length, facts);
  return facts;
}

/** RFC 9113 §8.3.1: `:authority` takes the place of Host, and where both are there they must not contradict each other. */
function checkHost(authority: string | undefined, host: string | undefined): string {
  const name = authority ?? host;
  if (name === undefined) throw new WarrenError("head.host", "no :authority");
  if (!isHost(Buffer.from(name, "latin1"), 0, name.length))
    throw new WarrenError("head.host", ":authority is not a name or address with an optional port");
  if (host !== undefined && host.toLowerCase() !== name.toLowerCase())
    throw new WarrenError("head.host", ":authority contradicts Host");
  return name;
}

function malformed(message: string): WarrenError {
  return new WarrenError("head.malformed", message);
}

/** The fields behind a body, without those that may not come so late (RFC 9110 §6.5.1). */
export function trailerFields(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!;
    const value = raw[index + 1]!;
    if (!namePattern.test(name) || !valuePattern.test(value)) continue;
    const bytes = Buffer.from(name, "latin1");
    if (mayBeTrailer(bytes, 0, bytes.length)) fields.push([name, value]);
  }
  return fields;
}
