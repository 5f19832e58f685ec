import { WarrenError } from "../../../base/errors.ts";
import { Flow } from "../../../base/flow.ts";
import type { Waited } from "../../guest-thread.ts";
import { type ErrorCode, type ErrorTag, errorCode } from "../../http/error-code.ts";
import type { Content, ContentOwner } from "../../http/exchange.ts";
import type { Field, Fields } from "../../http/fields.ts";
import { isTrailerName } from "../../http/trailer-name.ts";
import { IoError } from "../io-error.ts";
import { OutputStream } from "../output-stream.ts";
import { done, err, ok, type WitResult } from "../result.ts";
import type { StreamError } from "../stream-error.ts";
import { trap } from "../trap.ts";
import type { HttpHost } from "./host.ts";

const discardedAtOnce = 64 * 1024;
/** Pieces from this size on go on as they are; smaller ones are gathered. */
const gatheredBytesMax = 16 * 1024;
const blockBytesMin = 4 * 1024;
const blockBytesMax = 64 * 1024;
const taken: WitResult<never, undefined> = err(undefined);

/** `outgoing-body` of wasi:http/types. */
export class OutgoingBody implements Content {
  readonly flow: Flow = new Flow();
  readonly trailers: Field[] = [];
  owner: ContentOwner | undefined;
  readonly #host: HttpHost;
  /** What a body that has not the length that its head says is called. */
  readonly #sizeError: ErrorTag;
  readonly #length: number | undefined;
  #written = 0;
  /** Where pieces are gathered that a guest writes one after the other: from `#from` to `#to` they are not in the flow yet. */
  #block: Buffer | undefined;
  #from = 0;
  #to = 0;
  #due: boolean = false;
  #discards: boolean = false;
  #stream: BodyOutputStream | undefined;

  constructor(host: HttpHost, sizeError: ErrorTag, length: number | undefined) {
    host.resources.add();
    this.#host = host;
    this.#sizeError = sizeError;
    this.#length = length;
  }

  write(): WitResult<OutputStream, undefined> {
    if (this.#stream !== undefined) return taken;
    this.#stream = new BodyOutputStream(this.#host, this);
    return ok(this.#stream);
  }

  /** Errors when the body has not the length that its head says: then the message breaks off. */
  finish(trailers: Fields | undefined): WitResult<undefined, ErrorCode> {
    this.#let();
    if (trailers !== undefined) {
      this.#host.resources.remove();
      // What may be believed only in a head (RFC 9110 §6.5.1) stays behind.
      for (const field of trailers.list) if (isTrailerName(field[0])) this.trailers.push(field);
      trailers.release();
    }
    if (this.#length !== undefined && this.#written !== this.#length) {
      const code = errorCode(this.#sizeError, BigInt(this.#written));
      this.#fail(`the guest wrote ${this.#written} bytes of a body of ${this.#length}`);
      return err(code);
    }
    this.#spill();
    this.flow.end();
    this.owner?.contentOver();
    return done;
  }

  drop(): void {
    this.#let();
    this.#fail("the guest dropped a body that it had not finished");
  }

  discard(): void {
    this.#discards = true;
    this.flow.cancel();
  }

  /** Bytes that {@link put} takes now. */
  room(): number | StreamError {
    if (this.#discards) return discardedAtOnce;
    const { closed, bytes, bytesMax } = this.flow;
    return closed ? "closed" : Math.max(0, bytesMax - bytes - this.#gathered);
  }

  put(contents: Uint8Array): StreamError | undefined {
    this.#written += contents.length;
    if (this.#length !== undefined && this.#written > this.#length) {
      this.#fail(`the guest wrote more than the ${this.#length} bytes of its body`);
      return new IoError("the body is longer than its Content-Length", {
        domain: "http",
        code: errorCode(this.#sizeError, BigInt(this.#written)),
      });
    }
    if (this.#discards) return undefined;
    if (this.flow.closed) return "closed";
    const first = this.#written === contents.length;
    // Here or there is the one copy: the bytes are the guest's.
    if (!first && contents.length < gatheredBytesMax) {
      this.#gather(contents);
      return undefined;
    }
    this.#spill();
    if (!this.flow.push(Buffer.from(contents))) this.owner?.contentFull();
    return undefined;
  }

  get #gathered(): number {
    return this.#to - this.#from;
  }

  /** Guests write 4 KiB at a time: what they write before they wait goes out together. */
  #gather(contents: Uint8Array): void {
    let block = this.#block;
    if (block === undefined || block.length - this.#to < contents.length) {
      this.#spill();
      const size = Math.min(Math.max(this.#written, contents.length, blockBytesMin), blockBytesMax);
      block = this.#block = Buffer.allocUnsafeSlow(size);
      this.#from = this.#to = 0;
    }
    block.set(contents, this.#to);
    this.#to += contents.length;
    if (this.flow.bytes + this.#gathered >= this.flow.bytesMax) this.#spill();
    else if (!this.#due) {
      this.#due = true;
      setImmediate(this.#turnOver);
    }
  }

  readonly #turnOver = (): void => {
    this.#due = false;
    this.#spill();
  };

  #spill(): void {
    const block = this.#block;
    if (block === undefined || this.#gathered === 0) return;
    const piece = block.subarray(this.#from, this.#to);
    this.#from = this.#to;
    if (!this.flow.push(piece)) this.owner?.contentFull();
  }

  #let(): void {
    this.#host.resources.remove();
    if (this.#stream?.open === true && !this.#host.http.dropping)
      trap("an outgoing-body was dropped or finished before its stream");
  }

  #fail(why: string): void {
    this.#spill();
    this.flow.fail(new WarrenError("handler.broke-off", why, { status: 502 }));
    this.owner?.contentOver();
  }
}

class BodyOutputStream extends OutputStream implements Waited {
  wake: (() => void) | undefined;
  readonly waited = this;
  open: boolean = true;
  readonly #body: OutgoingBody;

  constructor(host: HttpHost, body: OutgoingBody) {
    super(host);
    this.#body = body;
    body.flow.onWritable = () => this.wake?.();
  }

  protected room(): number | StreamError {
    return this.#body.room();
  }

  protected put(contents: Uint8Array): StreamError | undefined {
    return this.#body.put(contents);
  }

  protected close(): void {
    this.open = false;
    this.#body.flow.onWritable = undefined;
  }
}
