import { type Conduit, resetConduit } from "../../base/conduit.ts";
import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import { describeSpent } from "../../base/spent.ts";
import { formatPeerClient, peerField } from "../peer-client.ts";
import { stripped } from "../strip.ts";
import type { Field, TargetRequest, TargetResponse } from "../target.ts";
import { Upstream, type UpstreamUser } from "../upstream.ts";
import { BodyFraming } from "./body-framing.ts";
import { chunkEnd, chunkLine, lastChunkWith } from "./chunked-body.ts";
import type { ResponseHead } from "./response-head.ts";
import { attemptsMax, deadlineCode, interimMax } from "./stream-exchange.ts";
import type { StreamHandler } from "./stream-handler.ts";

/**
 * One request on its way through a guest that listens, for a client whose own connection is not HTTP/1.1: it is written anew,
 * and the answer read out of its framing. {@link StreamExchange} does the same for bytes that stay as they are.
 */
export class StreamRequest implements UpstreamUser {
  readonly answer: Promise<TargetResponse>;
  readonly #resolve: (response: TargetResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #handler: StreamHandler;
  readonly #request: TargetRequest;
  readonly #hasBody: boolean;
  readonly #chunked: boolean;
  readonly #head: Buffer;
  /** While a head is awaited. */
  #response: ResponseHead | undefined;
  readonly #startedAt: number;
  /** When the guest's time began, by the front's clock. */
  readonly #since: number;
  #upstream: Upstream | undefined;
  #attempts = 0;
  #readBefore = 0;
  #untouched: boolean = false;
  #cpuMs = 0;
  #cpuMsBefore = 0;
  #partial: Buffer | undefined;
  #interims = 0;
  #sending: boolean = false;
  #bodySent: boolean = false;
  #framing: BodyFraming | undefined;
  #persistent: boolean = false;
  /** Of the answer. */
  readonly #body = new Flow();
  #trailers: Field[] | undefined;
  #over: boolean = false;
  #pumping: boolean = false;

  constructor(handler: StreamHandler, request: TargetRequest) {
    const { promise, resolve, reject } = Promise.withResolvers<TargetResponse>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#handler = handler;
    this.#request = request;
    this.#startedAt = performance.now();
    // A service's own limit may be shorter than a tick: it is kept, or overrun by a tick, and never cut short.
    this.#since = handler.target.answerMsMax === undefined ? handler.ticker.now : handler.ticker.exactly();
    const { body } = request;
    const length = request.headers.find(([name]) => name === "content-length");
    this.#hasBody = !body.finished || body.failure !== undefined;
    this.#chunked = this.#hasBody && length === undefined;
    this.#head = requestHead(request, this.#hasBody, length !== undefined, handler.target.peer === true);
    handler.waits(this);
    request.onGone = () => this.#abort();
    body.onReadable = () => this.#pumpBody();
    this.#body.onWritable = () => {
      if (this.#body.cancelled) this.#abort();
      else this.#pump();
    };
    this.#connect();
  }

  onGuestReadable(): void {
    this.#pump();
  }
  onGuestWritable(): void {
    this.#pumpBody();
  }

  sweep(now: number): void {
    const { target, limits } = this.#handler;
    if (now - this.#since <= (target.answerMsMax ?? limits.answerMsMax)) return;
    const spent = this.#spent();
    target.activity.onLate?.(spent);
    const error = new WarrenError("service.timeout", `the service did not answer in time: ${spent}`, { status: 504 });
    this.#upstream?.reset();
    this.#finish();
    this.#reject(error);
  }

  #connect(): void {
    const { pool, target } = this.#handler;
    this.#attempts++;
    const idle = this.#attempts === 1 ? pool.take() : undefined;
    if (idle !== undefined) {
      this.#attach(idle);
      return;
    }
    let connected: Conduit | Promise<Conduit>;
    try {
      connected = target.connect(this.#request.client);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!(connected instanceof Promise)) {
      this.#attach(new Upstream(connected, pool));
      return;
    }
    connected.then(
      (conduit) => {
        if (this.#over) resetConduit(conduit, "the client went away");
        else this.#attach(new Upstream(conduit, pool));
      },
      (error: unknown) => {
        if (!this.#over) this.#fail(error);
      },
    );
  }

  #attach(upstream: Upstream): void {
    this.#upstream = upstream;
    upstream.user = this;
    this.#readBefore = upstream.conduit.output.bytesRead;
    this.#cpuMsBefore = upstream.conduit.work?.cpuMs ?? 0;
    // The guest may answer within this call.
    upstream.conduit.output.push(this.#head);
    if (this.#upstream !== upstream) return;
    this.#pumpBody();
    if (this.#upstream === upstream && upstream.conduit.input.readable) this.#pump();
  }

  /** Brings the client's body to the guest, as fast as that takes it. */
  #pumpBody(): void {
    const upstream = this.#upstream;
    // Taking a chunk may bring the next, and giving one may make room for more: its turn comes when this one is through.
    if (upstream === undefined || this.#bodySent || !this.#hasBody || this.#sending) return;
    const { output } = upstream.conduit;
    const { body } = this.#request;
    this.#sending = true;
    while (output.writable || output.closed) {
      const chunk = body.shift();
      if (chunk === undefined) break;
      if (this.#chunked) output.push(chunkLine(chunk.length));
      output.push(chunk);
      if (this.#chunked) output.push(chunkEnd);
      if (this.#upstream !== upstream) break;
    }
    this.#sending = false;
    if (this.#upstream !== upstream || !body.finished) return;
    if (body.failure !== undefined) {
      this.#abort();
      return;
    }
    this.#bodySent = true;
    if (this.#chunked) output.push(lastChunkWith(this.#request.trailers ?? []));
  }

  /** Takes what the guest has said, as long as the client takes it. */
  #pump(): void {
    const upstream = this.#upstream;
    if (upstream === undefined || this.#pumping) return;
    const { input } = upstream.conduit;
    // Taking a chunk may make the guest push the next one before this one is dealt with: that one's turn comes below.
    this.#pumping = true;
    while (this.#framing === undefined || this.#body.writable) {
      const chunk = input.shift();
      if (chunk === undefined) break;
      try {
        if (this.#framing === undefined) this.#takeHead(chunk);
        else this.#takeBody(this.#framing, chunk, 0);
      } catch (error) {
        this.#fail(error);
      }
      if (this.#upstream !== upstream) break;
    }
    this.#pumping = false;
    if (this.#upstream === upstream && input.finished) this.#guestEnded(upstream);
  }

  #takeHead(chunk: Uint8Array): void {
    const bytes =
      this.#partial === undefined
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : Buffer.concat([this.#partial, chunk]);
    this.#response ??= this.#handler.takeParser();
    const head = this.#response;
    if (this.#partial === undefined) head.reset();
    let from = 0;
    for (;;) {
      const end = head.parse(bytes, from);
      if (end < 0) {
        this.#partial = from === 0 ? bytes : bytes.subarray(from);
        return;
      }
      this.#partial = undefined;
      if (head.status === 101) throw new WarrenError("head.malformed", "101 for a request that did not ask for it");
      if (head.status >= 200) {
        this.#begin(head, bytes, end);
        return;
      }
      if (++this.#interims > interimMax)
        throw new WarrenError("head.malformed", `more than ${interimMax} interim answers`);
      if (head.status !== 100) this.#request.inform?.(head.status, head.fields());
      from = end;
      if (from === bytes.length) return;
      head.reset();
    }
  }

  #begin(head: ResponseHead, bytes: Buffer, end: number): void {
    const { status } = head;
    this.#handler.answered(this);
    this.#persistent = head.persistent;
    const bodiless = this.#request.method === "HEAD" || status === 204 || status === 304;
    const framing = bodiless
      ? BodyFraming.length(0)
      : head.chunked
        ? BodyFraming.chunked()
        : head.contentLength >= 0
          ? BodyFraming.length(head.contentLength)
          : BodyFraming.untilClose();
    this.#framing = framing;
    const headers = head.fields();
    this.#returnParser();
    this.#trailers = framing.chunks?.trailers;
    // Whoever waits for it gets it after this turn: an answer that is there in one piece is seen to be whole.
    const response = { status, headers, body: this.#body, cpuMs: () => this.#guestCpuMs };
    this.#resolve(this.#trailers === undefined ? response : { ...response, trailers: this.#trailers });
    this.#takeBody(framing, bytes, end);
  }

  #takeBody(framing: BodyFraming, bytes: Uint8Array, from: number): void {
    const to = framing.take(bytes, from, (data) => void this.#body.push(data));
    if (framing.done && !this.#over) this.#complete(to === bytes.length);
  }

  /** The answer is complete: `clean` says that the guest said nothing behind it. */
  #complete(clean: boolean): void {
    const upstream = this.#upstream!;
    const bodySent = this.#bodySent || !this.#hasBody;
    if (clean && bodySent && this.#persistent) this.#handler.pool.put(upstream);
    else if (bodySent) upstream.close();
    else upstream.reset();
    this.#finish();
    this.#body.end();
  }

  #guestEnded(upstream: Upstream): void {
    const { failure } = upstream.conduit.input;
    if (this.#framing !== undefined) {
      if (failure === undefined && this.#framing.untilClose) this.#complete(false);
      else this.#fail(failure ?? new WarrenError("connection.ended", "the guest ended its answer early"));
      return;
    }
    this.#untouched = upstream.conduit.output.bytesRead === this.#readBefore;
    upstream.reset();
    if (this.#mayRetry(failure)) {
      this.#cpuMs = this.#guestCpuMs;
      this.#upstream = undefined;
      this.#connect();
    } else
      this.#fail(failure ?? new WarrenError("connection.ended", "the guest ended the connection without an answer"));
  }

  /** As StreamExchange's, by which requests of HTTP/1 are sent again. */
  #mayRetry(failure: WarrenError | undefined): boolean {
    if (failure?.code === deadlineCode) return false;
    if (this.#hasBody || this.#partial !== undefined || this.#interims > 0 || this.#attempts >= attemptsMax)
      return false;
    const { method } = this.#request;
    return this.#untouched || method === "GET" || method === "HEAD" || method === "OPTIONS";
  }

  #fail(error: unknown): void {
    const spent = this.#spent();
    this.#upstream?.reset();
    this.#finish();
    if (this.#framing !== undefined) {
      this.#body.fail(
        error instanceof WarrenError
          ? error
          : new WarrenError("internal", String(error), { status: 502, cause: error }),
      );
    } else if (error instanceof WarrenError && error.code === deadlineCode) {
      this.#reject(new WarrenError(deadlineCode, `the service took too long: ${spent}`, { status: 504 }));
    } else this.#reject(error);
  }

  /** The client is gone, or wants no more of it. */
  #abort(): void {
    if (this.#over) return;
    this.#upstream?.reset();
    this.#finish();
    const error = new WarrenError("connection.reset", "the client went away", { status: 502 });
    if (this.#framing === undefined) this.#reject(error);
    else this.#body.fail(error);
  }

  #finish(): void {
    this.#cpuMs = this.#guestCpuMs;
    this.#handler.activity.onRequestDone?.(performance.now() - this.#startedAt, this.#cpuMs);
    this.#handler.answered(this);
    this.#request.onGone = undefined;
    this.#over = true;
    this.#upstream = undefined;
    this.#returnParser();
    this.#request.body.cancel();
  }

  #returnParser(): void {
    if (this.#response !== undefined) this.#handler.returnParser(this.#response);
    this.#response = undefined;
  }

  get #guestCpuMs(): number {
    const work = this.#upstream?.conduit.work;
    return work === undefined ? this.#cpuMs : this.#cpuMs + work.cpuMs - this.#cpuMsBefore;
  }

  #spent(): string {
    const conduit = this.#upstream?.conduit;
    const wallMs = performance.now() - this.#startedAt;
    if (conduit === undefined) return `${describeSpent(wallMs, undefined, undefined)}, waiting for an instance`;
    const untouched = conduit.output.bytesRead === this.#readBefore;
    return describeSpent(wallMs, this.#guestCpuMs, untouched ? "untouched" : conduit.work?.doing);
  }
}

/** Methods whose requests mean something by their body (RFC 9110 §8.6): an absent one is said to be empty. */
const bodyMethods = new Set(["POST", "PUT", "PATCH"]);

function requestHead(request: TargetRequest, hasBody: boolean, lengthSaid: boolean, peer: boolean): Buffer {
  const target = request.strip ? stripped(request.path, request.mountedAt) : request.path;
  let text = `${request.method} ${target} HTTP/1.1\r\n`;
  for (const [name, value] of request.headers) text += `${name}: ${value}\r\n`;
  if (peer) {
    const { client: remote, server: local, scheme } = request;
    text += `${peerField}: ${formatPeerClient({ remote, local, scheme }, request.passed)}\r\n`;
  }
  if (!lengthSaid) {
    if (hasBody) text += "transfer-encoding: chunked\r\n";
    else if (bodyMethods.has(request.method)) text += "content-length: 0\r\n";
  }
  return Buffer.from(`${text}\r\n`, "latin1");
}
