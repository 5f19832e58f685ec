import type { Flow } from "../../../base/flow.ts";
import type { Waited } from "../../guest-thread.ts";
import { type ErrorCode, errorCode } from "../../http/error-code.ts";
import { type Field, Fields } from "../../http/fields.ts";
import { InputStream } from "../input-stream.ts";
import { IoError } from "../io-error.ts";
import { Pollable, type Waitable } from "../pollable.ts";
import { err, ok, type WitResult } from "../result.ts";
import type { StreamError } from "../stream-error.ts";
import { trap } from "../trap.ts";
import type { HttpHost } from "./host.ts";

/** A body on its way to the guest. */
export interface IncomingContent {
  readonly flow: Flow;
  /** Complete once the flow has ended. */
  readonly trailers: readonly Field[];
  /** Why the flow has failed. */
  failure(): ErrorCode;
}

const nothing = new Uint8Array(0);
const taken: WitResult<never, undefined> = err(undefined);

/** `incoming-body` of wasi:http/types. */
export class IncomingBody {
  readonly #host: HttpHost;
  readonly #content: IncomingContent;
  #stream: BodyInputStream | undefined;

  constructor(host: HttpHost, content: IncomingContent) {
    host.resources.add();
    this.#host = host;
    this.#content = content;
  }

  stream(): WitResult<InputStream, undefined> {
    if (this.#stream !== undefined) return taken;
    this.#stream = new BodyInputStream(this.#host, this.#content);
    return ok(this.#stream);
  }

  finish(): FutureTrailers {
    this.#let();
    return new FutureTrailers(this.#host, this.#content);
  }

  drop(): void {
    this.#let();
    this.#content.flow.cancel();
  }

  #let(): void {
    this.#host.resources.remove();
    if (this.#stream?.open === true && !this.#host.http.dropping)
      trap("an incoming-body was dropped or finished before its stream");
  }
}

/** What comes of a body. Dropping it leaves the rest to its body. */
class BodyInputStream extends InputStream implements Waited {
  wake: (() => void) | undefined;
  readonly waited = this;
  open: boolean = true;
  readonly #content: IncomingContent;

  constructor(host: HttpHost, content: IncomingContent) {
    super(host);
    this.#content = content;
    content.flow.onReadable = () => this.wake?.();
  }

  protected take(length: number): Uint8Array | StreamError {
    const { flow } = this.#content;
    const chunk = flow.shift(length);
    if (chunk !== undefined) return chunk;
    if (flow.failure !== undefined)
      return new IoError(flow.failure.message, { domain: "http", code: this.#content.failure() });
    return flow.closed ? "closed" : nothing;
  }

  protected available(): boolean {
    return this.#content.flow.readable;
  }

  protected close(): void {
    this.open = false;
    this.#content.flow.onReadable = undefined;
  }
}

type Trailers = WitResult<WitResult<Fields | undefined, ErrorCode>, undefined>;

/** `future-trailers` of wasi:http/types. What the guest has not read of the body is dropped, once it asks for what follows. */
export class FutureTrailers implements Waitable, Waited {
  wake: (() => void) | undefined;
  readonly #host: HttpHost;
  readonly #content: IncomingContent;
  #state: "new" | "draining" | "given" = "new";

  constructor(host: HttpHost, content: IncomingContent) {
    host.resources.add();
    this.#host = host;
    this.#content = content;
  }

  get waited(): Waited {
    return this;
  }

  ready(): boolean {
    return this.#state === "given" || this.#content.flow.finished;
  }

  subscribe(): Pollable {
    this.#drain();
    return new Pollable(this.#host, this);
  }

  get(): Trailers | undefined {
    if (this.#state === "given") return taken;
    this.#drain();
    const { flow, trailers } = this.#content;
    if (!flow.finished) return undefined;
    this.#state = "given";
    if (flow.failure !== undefined) return ok(err(this.#content.failure()));
    // Cancelled: the request is over.
    if (flow.cancelled) return ok(err(errorCode("connection-terminated")));
    if (trailers.length === 0) return ok(ok(undefined));
    this.#host.resources.add();
    return ok(ok(Fields.received(this.#host.http, trailers)));
  }

  drop(): void {
    this.#host.resources.remove();
    const { flow } = this.#content;
    flow.onReadable = undefined;
    flow.cancel();
  }

  #drain(): void {
    if (this.#state !== "new") return;
    this.#state = "draining";
    const { flow } = this.#content;
    let busy = false;
    const pump = () => {
      if (busy) return;
      busy = true;
      while (flow.shift() !== undefined);
      busy = false;
      if (flow.finished) this.wake?.();
    };
    flow.onReadable = pump;
    pump();
  }
}
