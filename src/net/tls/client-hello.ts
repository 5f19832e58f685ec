import { WarrenError } from "../../base/errors.ts";

/** What a client says before anything is encrypted, as far as the front goes by it. */
export interface ClientHello {
  /** The host that it wants, in lower case and without a dot at its end; empty when it names none. */
  readonly host: string;
  /** Protocols that it offers (ALPN, RFC 7301), as latin1. */
  readonly protocols: readonly string[];
}

/**
 * Longest hello that is waited for, record headers included. With post-quantum key shares and a long ticket they come to
 * some 4 KiB.
 */
export const helloBytesMax: number = 16 * 1024;
const recordBytesMax = 2 ** 14;
const recordHeader = 5;
const messageHeader = 4;
const handshakeRecord = 22;
const clientHelloMessage = 1;
const serverNameExtension = 0;
const alpnExtension = 16;
const protocolsMax = 64;

/**
 * Reads the hello that a connection begins with, whatever records it is cut into (RFC 8446 §4.1.2, §5.1). Undefined while
 * its end has not come. Throws `tls.hello` for what is not one, and for what a correct client never sends.
 */
export function readClientHello(bytes: Uint8Array): ClientHello | undefined {
  const message = joinRecords(bytes);
  return message && parse(message);
}

/** The handshake message, undefined while it is incomplete. */
function joinRecords(bytes: Uint8Array): Uint8Array | undefined {
  const pieces: Uint8Array[] = [];
  let have = 0;
  let want = Number.POSITIVE_INFINITY;
  for (let at = 0; have < want; ) {
    // As soon as it can be told: a browser that speaks HTTP here, or a scanner, is not waited for.
    if (bytes.length > at && bytes[at] !== handshakeRecord) throw wrong("no TLS handshake");
    if (bytes.length > at + 1 && bytes[at + 1] !== 3) throw wrong("no version of TLS");
    if (bytes.length < at + recordHeader) return incomplete(bytes);
    const length = (bytes[at + 3]! << 8) | bytes[at + 4]!;
    // RFC 8446 §5.1: no empty records of handshakes.
    if (length === 0 || length > recordBytesMax) throw wrong("a record of a wrong length");
    const piece = bytes.subarray(at + recordHeader, at + recordHeader + length);
    pieces.push(piece);
    have += piece.length;
    at += recordHeader + length;
    if (want === Number.POSITIVE_INFINITY && have >= messageHeader) {
      const head = pieces.length === 1 ? piece : Buffer.concat(pieces);
      if (head[0] !== clientHelloMessage) throw wrong("no hello of a client");
      want = messageHeader + ((head[1]! << 16) | (head[2]! << 8) | head[3]!);
      if (want > helloBytesMax) throw wrong("a hello that is too long");
    }
    if (have < want && bytes.length <= at) return incomplete(bytes);
  }
  // RFC 8446 §5.1: a change of keys follows, or an answer; nothing else may share its last record.
  if (have > want) throw wrong("more than a hello");
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}

function incomplete(bytes: Uint8Array): undefined {
  if (bytes.length >= helloBytesMax) throw wrong("a hello that is too long");
  return undefined;
}

function parse(message: Uint8Array): ClientHello {
  const hello = new Reader(message, messageHeader, message.length);
  // legacy_version, random
  hello.skip(2 + 32);
  const session = hello.vector(1);
  if (session.left > 32) throw wrong("a session id that is too long");
  const suites = hello.vector(2);
  if (suites.left < 2 || suites.left % 2 !== 0) throw wrong("a wrong list of ciphers");
  if (hello.vector(1).left < 1) throw wrong("no compression method");
  let host = "";
  let protocols: readonly string[] = [];
  if (hello.left === 0) return { host, protocols };
  const extensions = hello.vector(2);
  if (hello.left > 0) throw wrong("bytes behind the extensions");
  const seen = new Set<number>();
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (seen.has(type)) throw wrong("an extension twice");
    seen.add(type);
    if (type === serverNameExtension) host = readServerName(body);
    else if (type === alpnExtension) protocols = readProtocols(body);
  }
  return { host, protocols };
}

/** RFC 6066 §3. */
function readServerName(extension: Reader): string {
  const list = extension.vector(2);
  if (list.left === 0 || extension.left > 0) throw wrong("a wrong server name");
  let host = "";
  while (list.left > 0) {
    const type = list.number(1);
    const name = list.vector(2);
    if (type !== 0) continue;
    if (host !== "") throw wrong("two server names");
    host = name.text();
    if (!isHostName(host)) throw wrong("a wrong server name");
  }
  return host.toLowerCase().replace(/\.$/, "");
}

/** What DNS can carry, underscores too; no address and nothing that would need care in a log. */
function isHostName(text: string): boolean {
  return (
    text.length <= 254 &&
    /^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$/.test(text)
  );
}

function readProtocols(extension: Reader): string[] {
  const list = extension.vector(2);
  if (list.left < 2 || extension.left > 0) throw wrong("a wrong list of protocols");
  const protocols: string[] = [];
  while (list.left > 0) {
    const name = list.vector(1);
    if (name.left === 0 || protocols.length === protocolsMax) throw wrong("a wrong list of protocols");
    protocols.push(name.text());
  }
  return protocols;
}

/** Takes what it is asked for from its range, or throws. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  skip(count: number): void {
    if (count > this.left) throw wrong("a hello that ends early");
    this.#at += count;
  }

  number(size: 1 | 2): number {
    const from = this.#at;
    this.skip(size);
    return size === 1 ? this.#bytes[from]! : (this.#bytes[from]! << 8) | this.#bytes[from + 1]!;
  }

  /** What follows its own length. */
  vector(size: 1 | 2): Reader {
    const length = this.number(size);
    const from = this.#at;
    this.skip(length);
    return new Reader(this.#bytes, from, from + length);
  }

  text(): string {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, this.left).toString("latin1");
  }
}

function wrong(what: string): WarrenError {
  return new WarrenError("tls.hello", `the client sent ${what}`);
}
