import { WarrenError } from "../../base/errors.ts";
import { COLON, noBytes, SPACE, spells, TAB, tokenByte } from "./bytes.ts";
import { addCut, cutNamed, listFields } from "./cuts.ts";
import { field, fieldKind } from "./field-name.ts";
import { framing, hopNames, parseContentLength, parseTokens } from "./field-value.ts";
import { HeadScanner } from "./head-scanner.ts";
import type { HttpLimits } from "./limits.ts";

const chunkedWord = Buffer.from("chunked");

/**
 * The parser of a guest's answers. A guest is as little trusted as a client: what goes on to the client's connection is
 * checked byte by byte, so that no guest can end a head early or frame a body so that two readers disagree.
 */
export class ResponseHead {
  bytes: Buffer = noBytes;
  start = 0;
  end = 0;

  status = 0;
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  minor = 1;
  /** -1 when there is no Content-Length. */
  contentLength = -1;
  chunked: boolean = false;
  /** The guest keeps its connection. */
  persistent: boolean = true;
  /** There is an Upgrade field, `upgradeFrom` to `upgradeTo`. */
  upgrade: boolean = false;
  /** There is a Date field. */
  dated: boolean = false;
  upgradeFrom = 0;
  upgradeTo = 0;

  /** What does not go on to the client: pairs of from and to, ascending. */
  readonly cuts: number[] = [];

  readonly #scanner: HeadScanner;
  #encodingFrom = 0;
  #encodingTo = 0;

  constructor(limits: HttpLimits) {
    this.#scanner = new HeadScanner(limits.responseHeadBytesMax, limits.fieldsMax);
  }

  /** Before the first bytes of a head. */
  reset(): void {
    this.#scanner.reset();
  }

  /** As `RequestHead.release`: a guest may have written its answer's body with the head. */
  release(): void {
    this.bytes = noBytes;
  }

  /** As `RequestHead.parse`. Throws WarrenError for anything malformed. */
  parse(bytes: Buffer, start: number): number {
    const end = this.#scanner.scan(bytes, start);
    if (end < 0) return -1;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.#parseLine();
    this.#parseFields();
    return end;
  }

  /** The fields that go on to a client that is not sent the head's bytes; names in lower case. */
  fields(): [string, string][] {
    return listFields(this.bytes, this.start, this.#scanner.lines, this.#scanner.lineCount, this.cuts).filter(
      ([name]) => name !== "transfer-encoding",
    );
  }

  /** For a client of HTTP/1.0, which knows no Transfer-Encoding. */
  cutTransferEncoding(): void {
    if (this.chunked) addCut(this.cuts, this.#encodingFrom, this.#encodingTo);
  }

  /** `HTTP/1.1 200 OK`; the reason may be missing with its space (RFC 9112 §4 asks for the space, many leave it out). */
  #parseLine(): void {
    const { bytes, start } = this;
    const length = this.#scanner.lines[1]! - 2;
    if (
      this.#scanner.lineCount === 0 ||
      length < 12 ||
      bytes[start] !== 0x48 ||
      bytes[start + 1] !== 0x54 ||
      bytes[start + 2] !== 0x54 ||
      bytes[start + 3] !== 0x50 ||
      bytes[start + 4] !== 0x2f ||
      bytes[start + 5] !== 0x31 ||
      bytes[start + 6] !== 0x2e ||
      (bytes[start + 7]! | 1) !== 0x31 ||
      bytes[start + 8] !== SPACE ||
      (length > 12 && bytes[start + 12] !== SPACE)
    ) {
      throw new WarrenError("head.malformed", "the status line is not HTTP/1.1 CODE REASON");
    }
    this.minor = bytes[start + 7]! & 1;
    let status = 0;
    for (let at = start + 9; at < start + 12; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) throw new WarrenError("head.malformed", "the status is not a number");
      status = status * 10 + digit;
    }
    if (status < 100 || status > 599)
      throw new WarrenError("head.malformed", `the status ${status} is not between 100 and 599`);
    this.status = status;
  }

  #parseFields(): void {
    const { bytes, start, cuts, status } = this;
    const { lines, lineCount } = this.#scanner;
    cuts.length = 0;
    let lengths = 0;
    let transferEncodings = 0;
    let options: string[] | undefined;
    this.contentLength = -1;
    this.chunked = false;
    this.upgrade = false;
    this.dated = false;
    // RFC 9110 §8.6, RFC 9112 §6.1: neither field belongs into these, and a client that believed one would wait for a body.
    const bodiless = status < 200 || status === 204;
    for (let line = 1; line < lineCount; line++) {
      const from = start + lines[line]!;
      const next = start + lines[line + 1]!;
      let at = from;
      while (tokenByte[bytes[at]!] === 1) at++;
      if (at === from || bytes[at] !== COLON)
        throw new WarrenError("head.malformed", "a field's name is not valid", { at: from - start });
      const kind = fieldKind(bytes, from, at);
      if (kind === field.other || kind === field.host || kind === field.expect || kind === field.forwarded) continue;
      if (kind === field.traceparent || kind === field.tracestate) continue;
      if (kind === field.date) {
        this.dated = true;
        continue;
      }
      let valueFrom = at + 1;
      let valueTo = next - 2;
      while (valueFrom < valueTo && (bytes[valueFrom] === SPACE || bytes[valueFrom] === TAB)) valueFrom++;
      while (valueTo > valueFrom && (bytes[valueTo - 1] === SPACE || bytes[valueTo - 1] === TAB)) valueTo--;
      if (kind === field.contentLength) {
        lengths++;
        this.contentLength = parseContentLength(bytes, valueFrom, valueTo);
        if (!bodiless) continue;
      } else if (kind === field.transferEncoding) {
        transferEncodings++;
        this.chunked = valueTo - valueFrom === chunkedWord.length && spells(bytes, valueFrom, chunkedWord);
        this.#encodingFrom = from;
        this.#encodingTo = next;
        if (!bodiless) continue;
      } else if (kind === field.connection) {
        options = (options ?? []).concat(parseTokens(bytes, valueFrom, valueTo));
      } else if (kind === field.upgrade) {
        this.upgrade = true;
        this.upgradeFrom = valueFrom;
        this.upgradeTo = valueTo;
      }
      cuts.push(from, next);
    }
    if (lengths > 1) throw framing("more than one Content-Length");
    if (transferEncodings > 0) {
      if (lengths > 0) throw framing("both Content-Length and Transfer-Encoding");
      if (transferEncodings > 1 || !this.chunked) throw framing("Transfer-Encoding is not just chunked");
      if (this.minor === 0) throw framing("Transfer-Encoding in HTTP/1.0");
    }
    this.persistent = this.minor === 1 ? !options?.includes("close") : options?.includes("keep-alive") === true;
    const named = options && hopNames(options);
    if (named) cutNamed(cuts, named, bytes, start, lines, lineCount);
  }
}
