/** One request that is over, as its service's access log tells it. */
export interface AccessRecord {
  /** When it came, milliseconds since the epoch. */
  readonly at: number;
  readonly client: string;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  /** `HTTP/1.1`. */
  readonly protocol: string;
  /** What the client was sent; 499 when it went away before there was an answer (as nginx says it). */
  readonly status: number;
  /** With heads. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly wallMs: number;
  /** Of the guest. */
  readonly cpuMs: number;
  readonly requestId: string;
  /** Of the `traceparent` that it came with, empty without. */
  readonly traceId: string;
}

export type AccessFormat = "json" | "common";

/** Of strings that a client chose: a line must not become as long as a head may be. */
const textMax = 2048;

export function accessLine(record: AccessRecord, format: AccessFormat): string {
  return format === "json" ? jsonLine(record) : commonLine(record);
}

function jsonLine(record: AccessRecord): string {
  const { at, client, method, host, target, protocol, status, receivedBytes, sentBytes, requestId, traceId } = record;
  return (
    `{"time":"${new Date(at).toISOString()}","client":"${client}","method":"${method}","host":${quoted(host)},` +
    `"target":${quoted(target)},"protocol":"${protocol}","status":${status},"received":${receivedBytes},"sent":${sentBytes},` +
    `"wallMs":${rounded(record.wallMs)},"cpuMs":${rounded(record.cpuMs)},"requestId":"${requestId}"` +
    `${traceId === "" ? "" : `,"traceId":"${traceId}"`}}`
  );
}

/** The Common Log Format of NCSA httpd: host, identity, user, time, request line, status, bytes sent. */
function commonLine({ at, client, method, target, protocol, status, sentBytes }: AccessRecord): string {
  return `${client} - - [${commonTime(at)}] "${method} ${escaped(cut(target))} ${protocol}" ${status} ${sentBytes}`;
}

const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quoted(text: string): string {
  const short = cut(text);
  return plain.test(short) ? `"${short}"` : JSON.stringify(short);
}

/** As nginx and Apache do: what could end the field, the line or a terminal's mind is `\xHH`. */
function escaped(text: string): string {
  if (plain.test(text)) return text;
  return text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, (char) => {
    const code = char.charCodeAt(0);
    return code > 0xff
      ? `\\u${code.toString(16).padStart(4, "0")}`
      : `\\x${code.toString(16).padStart(2, "0").toUpperCase()}`;
  });
}

function cut(text: string): string {
  return text.length > textMax ? `${text.slice(0, textMax)}...` : text;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** `24/Nov/2026:00:48:09 +0000` */
function commonTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}
