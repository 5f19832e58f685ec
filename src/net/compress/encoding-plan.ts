import { acceptedCodings, type ContentCoding } from "../accept-encoding.ts";
import type { TargetRequest, TargetResponse } from "../target.ts";
import { isCompressibleType } from "./compressible.ts";

/** Less is not worth it: a coding adds some bytes of its own. */
const bytesMin = 512;

type Headers = TargetResponse["headers"];

/** What becomes of an answer of a route that asks for compression. */
export interface EncodingPlan {
  /** Undefined: the body stays as it is. */
  readonly coding: ContentCoding | undefined;
  /** With the coding. */
  readonly headers: Headers;
  /** Without it, after all. */
  readonly plainHeaders: Headers;
  /** Of the body before; -1 where that is not known, and each piece is to be sent on as it comes. */
  readonly length: number;
}

/** Statuses without a body, and 206, whose ranges are those of the body as it is. */
const untouched: ReadonlySet<number> = new Set([204, 205, 206]);
/** Fields that are about the bytes as the guest sends them: digests of them, and that fields follow them. */
const ofTheBytes: ReadonlySet<string> = new Set(["content-md5", "digest", "content-digest", "repr-digest", "trailer"]);

/** Chooses a coding for an answer, if any, and edits its head accordingly (RFC 9110 §8.4, §8.8.3, §12.5.5). */
export function planEncoding(request: TargetRequest, { status, headers, body }: TargetResponse): EncodingPlan {
  let length = body.closed && body.failure === undefined && request.method !== "HEAD" ? body.bytes : -1;
  let type = "";
  let varies = false;
  let forbidden = untouched.has(status);
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (lower === "content-length") length = Number(value);
    else if (lower === "content-type") type = value;
    else if (lower === "vary") varies ||= /(^|[\s,])(\*|accept-encoding)($|[\s,])/i.test(value);
    else if (lower === "content-encoding") forbidden ||= value.trim().toLowerCase() !== "identity";
    else forbidden ||= lower === "content-range" || ofTheBytes.has(lower) || forbidsTransforming(lower, value);
  }
  // A 304 is about an answer that this one does not describe: it may have been any.
  if (forbidden || (status !== 304 && !isCompressibleType(type)))
    return { coding: undefined, headers, plainHeaders: headers, length };
  // Also where this client gets it as it is: the next one may not, and a cache must know.
  const plainHeaders: Headers = varies ? headers : [...headers, ["Vary", "Accept-Encoding"]];
  const tooShort = length >= 0 && length < bytesMin && status !== 304;
  const refused = request.headers.some(([name, value]) => forbidsTransforming(name, value));
  const [coding] = tooShort || refused ? [] : acceptedCodings(fieldOf(request, "accept-encoding"));
  if (coding === undefined) return { coding, headers: plainHeaders, plainHeaders, length };
  const weakened = plainHeaders.map(weakenTag);
  if (status === 304) return { coding: undefined, headers: weakened, plainHeaders, length };
  const kept = weakened.filter(([name]) => !ofPlainBytes.has(name.toLowerCase()));
  return { coding, headers: [...kept, ["Content-Encoding", coding]], plainHeaders, length };
}

/** Ranges would be of bytes that are not kept. */
const ofPlainBytes: ReadonlySet<string> = new Set(["content-length", "accept-ranges", "content-encoding"]);

/** Two bodies that are the same once decoded: RFC 9110 §8.8.1. */
function weakenTag(field: Headers[number]): Headers[number] {
  const [name, value] = field;
  return name.toLowerCase() === "etag" && !value.startsWith("W/") ? [name, `W/${value}`] : field;
}

/** RFC 9111 §5.2.1.6 and §5.2.2.6: a request or an answer that nobody on the way may transform. */
function forbidsTransforming(name: string, value: string): boolean {
  return name === "cache-control" && /(^|[\s,])no-transform($|[\s,])/i.test(value);
}

function fieldOf({ headers }: TargetRequest, wanted: string): string | undefined {
  const values = headers.flatMap(([name, value]) => (name === wanted ? [value] : []));
  return values.length === 0 ? undefined : values.join(", ");
}
