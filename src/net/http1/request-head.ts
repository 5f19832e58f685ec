import { WarrenError } from "../../base/errors.ts";
import { isTraceparent } from "../trace-context.ts";
import { COLON, CR, LF, noBytes, SPACE, spells, TAB, tokenByte } from "./bytes.ts";
import { cutNamed, listFields } from "./cuts.ts";
import { field, fieldKind } from "./field-name.ts";
import { framing, hopNames, parseContentLength, parseTokens } from "./field-value.ts";
import { HeadScanner } from "./head-scanner.ts";
import { isHost } from "./host.ts";
import type { HttpLimits } from "./limits.ts";
import { checkOriginForm, invalidTarget, schemeLength } from "./request-target.ts";

const chunkedWord = Buffer.from("chunked");
const continueWord = Buffer.from("100-continue");
const methodBytesMax = 32;

/**
 * A strict parser of request heads (RFC 9112). What two recipients could read differently is refused. One object serves a
 * whole connection: its fields describe the last head until the next {@link parse}.
 */
export class RequestHead {
  /** The buffer that the head lies in, from `start` to `end`. */
  bytes: Buffer = noBytes;
  start = 0;
  end = 0;

  method = "";
  /** In origin form, query included, or `*`. */
  target = "/";
  /** The target without its query. */
  path = "/";
  /** The path may hold dot segments. */
  suspicious: boolean = false;
  /** The Host field as sent. */
  host = "";
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  minor = 1;
  /** The body's length, 0 without a body and when it is chunked. */
  contentLength = 0;
  chunked: boolean = false;
  /** The client wants to keep the connection. */
  persistent: boolean = true;
  /** The client asks for another protocol, and may: `upgradeFrom` to `upgradeTo` is its name. */
  upgrade: boolean = false;
  expectsContinue: boolean = false;
  /** The value of a valid `traceparent`, empty without one. */
  traceparent: string = "";

  /** What does not go on to the guest: pairs of from and to, ascending. */
  readonly cuts: number[] = [];
  /** The request line can go on as it is. */
  plainLine: boolean = true;
  hostFrom = 0;
  hostTo = 0;
  /** What a front says of the client for whom it asks; empty when it does not. To be believed of a front only. */
  peerClient = "";
  upgradeFrom = 0;
  upgradeTo = 0;

  readonly #limits: HttpLimits;
  readonly #scanner: HeadScanner;
  readonly #facts = { pathTo: 0, suspicious: false };
  #begun: boolean = false;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
    this.#scanner = new HeadScanner(limits.requestHeadBytesMax, limits.fieldsMax);
  }

  get hasBody(): boolean {
    return this.chunked || this.contentLength > 0;
  }

  /**
   * Parses the head at `from`, or says with -1 that it is not all there: then call again with the same bytes and more
   * behind them. Otherwise the index after the head. Throws WarrenError with the status to answer.
   */
  parse(bytes: Buffer, from: number): number {
    let start = from;
    if (bytes[start] === CR) {
      // RFC 9112 §2.2: an empty line before the request line is to be ignored.
      if (bytes.length - start < 2) return -1;
      if (bytes[start + 1] === LF) start += 2;
    }
    if (!this.#begun) {
      this.#scanner.reset();
      this.#begun = true;
    }
    const end = this.#scanner.scan(bytes, start);
    if (end < 0) return -1;
    this.#begun = false;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.#parseLine();
    this.#parseFields();
    return end;
  }

  /** Lets go of the bytes, which may be a large piece of input: a connection may be idle for long. */
  release(): void {
    this.bytes = noBytes;
  }

  /** The fields that go on to a guest that is called with a list of them; names in lower case. */
  forwardedFields(): [string, string][] {
    return listFields(this.bytes, this.start, this.#scanner.lines, this.#scanner.lineCount, this.cuts);
  }

  /** The value of the first field of this name (lower case), for the rare question about a field that is not kept. */
  field(name: string): string | undefined {
    if (name === "traceparent") return this.traceparent || undefined;
    return this.forwardedFields().find(([key]) => key === name)?.[1];
  }

  /** Takes the fields of this name (lower case) from what goes on to the guest. */
  cutField(name: string): void {
    cutNamed(this.cuts, [name], this.bytes, this.start, this.#scanner.lines, this.#scanner.lineCount);
  }

  #parseLine(): void {
    const { bytes, start } = this;
    const to = start + this.#scanner.lines[1]! - 2;
    let at = start;
    while (tokenByte[bytes[at]!] === 1) at++;
    if (at === start || bytes[at] !== SPACE)
      throw new WarrenError("head.malformed", "the request line does not begin with a method");
    if (at - start > methodBytesMax) throw new WarrenError("head.malformed", "the method is too long");
    this.method =
      at - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54
        ? "GET"
        : bytes.toString("latin1", start, at);
    // TRACE would show the client what the front adds, and a script the fields that its browser hides from it.
    if (this.method === "CONNECT" || this.method === "TRACE")
      throw new WarrenError("head.method", `${this.method} is not offered here`, { status: 501 });
    const targetFrom = at + 1;
    const targetTo = to - 9;
    // The version has a fixed length, so the target lies between the first space and the ninth byte before the line's end.
    if (targetTo <= targetFrom || bytes[targetTo] !== SPACE || !isVersion(bytes, targetTo + 1)) {
      throw new WarrenError("head.malformed", "the request line is not METHOD TARGET HTTP/1.1");
    }
    if (targetTo - targetFrom > this.#limits.targetBytesMax) {
      throw new WarrenError("head.line-too-long", `the target is over ${this.#limits.targetBytesMax} bytes`, {
        status: 414,
      });
    }
    const minor = bytes[to - 1]! - 0x30;
    if (bytes[to - 3] !== 0x31 || minor > 1) {
      throw new WarrenError("head.version", "only HTTP/1.0 and HTTP/1.1 are spoken here", { status: 505 });
    }
    this.minor = minor;
    this.plainLine = minor === 1;
    this.#parseTarget(targetFrom, targetTo);
  }

  #parseTarget(from: number, to: number): void {
    const { bytes } = this;
    this.#authorityFrom = -1;
    let pathFrom = from;
    if (bytes[from] !== 0x2f) {
      this.plainLine = false;
      if (this.method === "OPTIONS" && to - from === 1 && bytes[from] === 0x2a) {
        this.plainLine = this.minor === 1;
        this.#asterisk();
        return;
      }
      const scheme = schemeLength(bytes, from, to);
      if (scheme === 0) throw invalidTarget();
      this.#authorityFrom = from + scheme;
      pathFrom = from + scheme;
      while (pathFrom < to && bytes[pathFrom] !== 0x2f && bytes[pathFrom] !== 0x3f) pathFrom++;
      this.#authorityTo = pathFrom;
      // RFC 9112 §3.2.4: OPTIONS of an absolute form that ends here asks about the server, not about "/".
      if (pathFrom === to && this.method === "OPTIONS") {
        this.#asterisk();
        return;
      }
    }
    const facts = this.#facts;
    checkOriginForm(bytes, pathFrom, to, facts);
    this.suspicious = facts.suspicious;
    const target = bytes.toString("latin1", pathFrom, to);
    // RFC 9112 §3.2.1: an empty path is sent as "/".
    this.target = target.charCodeAt(0) === 0x2f ? target : `/${target}`;
    this.path = facts.pathTo === to ? this.target : this.target.slice(0, Math.max(1, facts.pathTo - pathFrom));
  }

  #asterisk(): void {
    this.target = "*";
    this.path = "/";
    this.suspicious = false;
  }

  #authorityFrom = -1;
  #authorityTo = -1;

  #parseFields(): void {
    const { bytes, start, cuts } = this;
    const { lines, lineCount } = this.#scanner;
    cuts.length = 0;
    let hosts = 0;
    let lengths = 0;
    let transferEncodings = 0;
    let upgrades = 0;
    let options: string[] | undefined;
    let traceparents = 0;
    let tracestates = 0;
    this.traceparent = "";
    this.contentLength = 0;
    this.chunked = false;
    this.expectsContinue = false;
    this.peerClient = "";
    for (let line = 1; line < lineCount; line++) {
      const from = start + lines[line]!;
      const next = start + lines[line + 1]!;
      let at = from;
      // A line that begins with a space (obs-fold), a space before the colon and an empty name all end here (RFC 9112 §5).
      while (tokenByte[bytes[at]!] === 1) at++;
      if (at === from || bytes[at] !== COLON)
        throw new WarrenError("head.malformed", "a field's name is not valid", { at: from - start });
      const kind = fieldKind(bytes, from, at);
      if (kind === field.other || kind === field.date) continue;
      let valueFrom = at + 1;
      let valueTo = next - 2;
      while (valueFrom < valueTo && (bytes[valueFrom] === SPACE || bytes[valueFrom] === TAB)) valueFrom++;
      while (valueTo > valueFrom && (bytes[valueTo - 1] === SPACE || bytes[valueTo - 1] === TAB)) valueTo--;
      switch (kind) {
        case field.host:
          hosts++;
          this.hostFrom = valueFrom;
          this.hostTo = valueTo;
          continue;
        case field.contentLength:
          lengths++;
          this.contentLength = parseContentLength(bytes, valueFrom, valueTo);
          continue;
        case field.transferEncoding:
          transferEncodings++;
          this.chunked = valueTo - valueFrom === chunkedWord.length && spells(bytes, valueFrom, chunkedWord);
          continue;
        case field.traceparent:
          traceparents++;
          this.traceparent = bytes.toString("latin1", valueFrom, valueTo);
          continue;
        case field.tracestate:
          tracestates++;
          continue;
        case field.connection:
          options = (options ?? []).concat(parseTokens(bytes, valueFrom, valueTo));
          break;
        case field.upgrade:
          upgrades++;
          this.upgradeFrom = valueFrom;
          this.upgradeTo = valueTo;
          break;
        case field.expect:
          // RFC 9110 §10.1.1: an expectation from HTTP/1.0 is ignored, one other than 100-continue is refused.
          if (this.minor === 0) break;
          if (valueTo - valueFrom !== continueWord.length || !spells(bytes, valueFrom, continueWord)) {
            throw new WarrenError("head.expectation", "only 100-continue can be expected", { status: 417 });
          }
          this.expectsContinue = true;
          break;
        case field.peer:
          this.peerClient = bytes.toString("latin1", valueFrom, valueTo);
          break;
        default:
      }
      cuts.push(from, next);
    }
    this.#checkFraming(lengths, transferEncodings);
    this.#checkHost(hosts);
    this.persistent =
      this.minor === 1
        ? !options?.includes("close")
        : options?.includes("keep-alive") === true && !options.includes("close");
    this.upgrade =
      upgrades === 1 &&
      this.minor === 1 &&
      !this.hasBody &&
      options?.includes("upgrade") === true &&
      this.#mayUpgrade();
    const named = options && hopNames(options);
    if (named) cutNamed(cuts, named, bytes, start, lines, lineCount);
    if (traceparents + tracestates > 0) this.#checkTrace(traceparents, lineCount);
    if (!this.hasBody) this.expectsContinue = false;
  }

  #checkFraming(lengths: number, transferEncodings: number): void {
    if (lengths > 1) throw framing("more than one Content-Length");
    if (transferEncodings === 0) return;
    if (lengths > 0) throw framing("both Content-Length and Transfer-Encoding");
    if (transferEncodings > 1 || !this.chunked) throw framing("Transfer-Encoding is not just chunked");
    if (this.minor === 0) throw framing("Transfer-Encoding in HTTP/1.0");
  }

  #checkHost(hosts: number): void {
    const { bytes, hostFrom, hostTo } = this;
    if (hosts !== 1) throw new WarrenError("head.host", hosts === 0 ? "no Host" : "more than one Host");
    if (!isHost(bytes, hostFrom, hostTo))
      throw new WarrenError("head.host", "Host is not a name or address with an optional port");
    this.host = bytes.toString("latin1", hostFrom, hostTo);
    if (this.#authorityFrom >= 0) {
      const authority = bytes.toString("latin1", this.#authorityFrom, this.#authorityTo);
      if (authority.toLowerCase() !== this.host.toLowerCase())
        throw new WarrenError("head.host", "the target's authority contradicts Host");
    }
  }

  /** W3C Trace Context §3.2, §3.3: one traceparent, and no tracestate without it. What is not valid is left out. */
  #checkTrace(traceparents: number, lineCount: number): void {
    if (traceparents === 1 && isTraceparent(this.traceparent)) return;
    this.traceparent = "";
    const { cuts, bytes, start } = this;
    cutNamed(cuts, ["traceparent", "tracestate"], bytes, start, this.#scanner.lines, lineCount);
  }

  /** h2c would tunnel requests past this parser, to be seen by the guest alone. */
  #mayUpgrade(): boolean {
    const protocol = this.bytes.toString("latin1", this.upgradeFrom, this.upgradeTo).toLowerCase();
    return protocol !== "" && !protocol.includes("h2c") && !protocol.includes("tls/");
  }
}

function isVersion(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0x48 &&
    bytes[at + 1] === 0x54 &&
    bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x50 &&
    bytes[at + 4] === 0x2f &&
    isDigit(bytes[at + 5]!) &&
    bytes[at + 6] === 0x2e &&
    isDigit(bytes[at + 7]!)
  );
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
