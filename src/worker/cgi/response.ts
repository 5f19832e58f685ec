import { WarrenError } from "../../base/errors.ts";

/** Longest header block that a CGI program may write. */
const headBytesMax = 16 * 1024;
const fieldsMax = 100;

export interface CgiHead {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Visible characters, spaces and tabs, obs-text (RFC 9110 §5.5): no control characters, so no injected lines.
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Fields of the connection, which are the front's own (RFC 9110 §7.6.1). */
const connectionFields = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Collects a CGI program's output until its header block is complete (RFC 3875 §6). Give it chunks; it answers with the
 * head and the first bytes of the body as soon as it has them. Throws `cgi.*` (502).
 */
export class CgiResponseParser {
  #head: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): { head: CgiHead; body: Uint8Array } | undefined {
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = endOfHead(this.#head);
    if (end === undefined) {
      if (this.#head.length > headBytesMax)
        throw bad(`it wrote more than ${headBytesMax} bytes without an empty line after its headers`);
      return undefined;
    }
    return {
      head: parseCgiHead(this.#head.toString("latin1", 0, end.at)),
      body: this.#head.subarray(end.at + end.length),
    };
  }

  /** The program's output ended before its header block did. */
  get incomplete(): WarrenError {
    return bad(
      this.#head.length === 0 ? "it wrote nothing" : "its output ended before an empty line closed its headers",
    );
  }
}

function endOfHead(bytes: Buffer): { at: number; length: number } | undefined {
  const lf = bytes.indexOf("\n\n");
  const crlf = bytes.indexOf("\r\n\r\n");
  if (crlf >= 0 && (lf < 0 || crlf < lf)) return { at: crlf, length: 4 };
  return lf < 0 ? undefined : { at: lf, length: 2 };
}

/** The header block without its last empty line. Throws `cgi.*`. */
export function parseCgiHead(text: string): CgiHead {
  let status: number | undefined;
  let location = false;
  const headers: [string, string][] = [];
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (!fieldName.test(name) || !fieldValue.test(value))
      throw bad(`the header line ${JSON.stringify(line.slice(0, 60))} is not "Name: value"`);
    if (headers.length >= fieldsMax) throw bad(`it wrote more than ${fieldsMax} header lines`);
    if (name === "status") {
      status = Number(/^([2-5][0-9][0-9])(?: |$)/.exec(value)?.[1]);
      if (Number.isNaN(status))
        throw bad(`its status ${JSON.stringify(value.slice(0, 60))} is not a number from 200 to 599`);
    } else if (!connectionFields.has(name)) {
      location ||= name === "location";
      headers.push([name, value]);
    }
  }
  // A redirect without a status is a 302 (RFC 3875 §6.2.3).
  return { status: status ?? (location ? 302 : 200), headers };
}

function bad(why: string): WarrenError {
  return new WarrenError("cgi.bad-response", `the CGI program's answer cannot be used: ${why}`, {
    status: 502,
    hint: 'a CGI program writes header lines such as "Content-Type: text/plain", an empty line, then the body',
  });
}
