import { type Conduit, resetConduit } from "../../base/conduit.ts";
import { WarrenError } from "../../base/errors.ts";
import { describeSpent } from "../../base/spent.ts";
import { Tunnel } from "../../base/tunnel.ts";
import type { Match } from "../router.ts";
import { type Field, queueCode, type StreamTarget } from "../target.ts";
import { Upstream, type UpstreamPool, type UpstreamUser } from "../upstream.ts";
import { checkAccepted, type Handshake } from "../websocket/handshake.ts";
import { WebSocketRelay } from "../websocket/relay.ts";
import { AnswerBody } from "./answer-body.ts";
import type { BodyFraming } from "./body-framing.ts";
import type { ClientConnection } from "./client-connection.ts";
import { currentDate } from "./date.ts";
import type { Exchange } from "./exchange.ts";
import { forwardRequest, forwardResponse, goesAsItIs } from "./forward-head.ts";
import type { ResponseHead } from "./response-head.ts";

/** Connections that one request is tried on before the client hears of it. */
export const attemptsMax = 3;
/** 1xx answers before the real one. */
export const interimMax = 16;
/** Up to so many bytes of an answer's body are copied behind a head that is changed: one write costs less than two. */
const copiedBytesMax = 4096;
const continueLine = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");

/** Why a guest was ended that ran for too long (engine/exit.ts). */
export const deadlineCode = "limit.deadline";

/** A request on its way through a guest that listens, over an in-memory connection. */
export class StreamExchange implements Exchange, UpstreamUser {
  readonly #client: ClientConnection;
  readonly #target: StreamTarget;
  readonly #pool: UpstreamPool;
  readonly #hasBody: boolean;
  readonly #method: string;
  readonly #handshake: Handshake | undefined;
  /** Fields of the front's, which go with the answer. */
  readonly #fields: readonly Field[] | undefined;
  #upstream: Upstream | undefined;
  #attempts = 0;
  /** What the guest had read of the connection before this request. */
  #readBefore = 0;
  /** The guest had read nothing of this request when it went. */
  #untouched: boolean = false;
  #over: boolean = false;
  /** performance.now(). */
  readonly #startedAt = performance.now();
  /** What the guest spent on connections that were given up for another. Milliseconds. */
  #cpuMs = 0;
  /** What it had spent on this connection before this request. */
  #cpuMsBefore = 0;

  /** The client's request as the guest gets it; kept while it may have to be sent again. */
  #head: Buffer | undefined;
  /** The guest's answer as far as it has come, while its head is not complete. */
  #partial: Buffer | undefined;
  #interims = 0;
  #body: AnswerBody | undefined;
  #persistent: boolean = false;
  #keep: boolean = false;
  #clientBlocked: boolean = false;
  #pumping: boolean = false;

  /**
   * `match` is absent where another worker's front does what the route asks for. With a `handshake`, a WebSocket that the guest
   * accepts is checked.
   */
  constructor(
    client: ClientConnection,
    target: StreamTarget,
    pool: UpstreamPool,
    match: Match | undefined,
    fields: readonly Field[] | undefined,
    handshake?: Handshake,
  ) {
    this.#client = client;
    this.#handshake = handshake;
    this.#target = target;
    this.#pool = pool;
    this.#hasBody = client.request.hasBody;
    this.#method = client.request.method;
    const id = client.context.requestIds.next();
    if (client.visit !== undefined) {
      client.visit.requestId = id;
      client.visit.cpuMs = () => this.#guestCpuMs;
    }
    const strip = match?.strip ? match.path : "";
    this.#fields = fields;
    this.#head = forwardRequest(client.request, target.peer ? client.peerForwarding : client.forwarding, id, strip);
  }

  start(): void {
    this.#target.activity.requests++;
    this.#target.activity.active++;
    this.#connect();
  }

  get answered(): boolean {
    return this.#body !== undefined;
  }

  get wantsBody(): boolean {
    const output = this.#upstream?.conduit.output;
    // A guest that stopped reading may still answer: then the body goes nowhere.
    return output !== undefined && (output.writable || output.closed);
  }

  feed(framing: BodyFraming, bytes: Buffer, from: number): number {
    const to = framing.skip(bytes, from);
    this.#upstream?.conduit.output.push(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
    return to;
  }

  onBodyEnd(): void {
    // The framing told the guest.
  }

  onGuestWritable(): void {
    this.#client.advance();
  }

  onGuestReadable(): void {
    if (!this.#clientBlocked && !this.#pumping) this.#pump();
  }

  get answerMsMax(): number | undefined {
    return this.#target.answerMsMax;
  }

  onClientDrain(): void {
    this.#clientBlocked = false;
    if (this.#upstream !== undefined && !this.#pumping) this.#pump();
  }

  onClientEnd(): void {
    this.#upstream?.conduit.output.end();
  }

  abort(): void {
    if (this.#over) return;
    this.#upstream?.reset();
    this.#finish();
  }

  expire(): string {
    const spent = this.#spent();
    this.#target.activity.onLate?.(spent);
    this.abort();
    return spent;
  }

  #connect(): void {
    this.#attempts++;
    // Not again one that was idle: where a guest dies, all of its connections do, one after the other.
    const idle = this.#attempts === 1 ? this.#pool.take() : undefined;
    if (idle !== undefined) {
      this.#attach(idle);
      return;
    }
    let connected: Conduit | Promise<Conduit>;
    try {
      connected = this.#target.connect(this.#client.client.remote);
    } catch (error) {
      this.#unavailable(error);
      return;
    }
    if (!(connected instanceof Promise)) {
      this.#attach(new Upstream(connected, this.#pool));
      return;
    }
    connected.then(
      (conduit) => {
        if (this.#over) resetConduit(conduit, "the client went away");
        else this.#attach(new Upstream(conduit, this.#pool));
      },
      (error: unknown) => {
        if (!this.#over) this.#unavailable(error);
      },
    );
  }

  #attach(upstream: Upstream): void {
    this.#upstream = upstream;
    upstream.user = this;
    this.#readBefore = upstream.conduit.output.bytesRead;
    this.#cpuMsBefore = upstream.conduit.work?.cpuMs ?? 0;
    // The guest may answer within this call.
    upstream.conduit.output.push(this.#head!);
    if (this.#upstream !== upstream) return;
    const { request } = this.#client;
    if (request.expectsContinue) {
      // Answered here, as nginx does: many a guest's server never would. Once only, also when the request is sent again.
      request.expectsContinue = false;
      this.#client.socket.write(continueLine);
    }
    if (this.#hasBody) this.#client.advance();
    else if (this.#client.clientEnded) upstream.conduit.output.end();
    if (this.#upstream === upstream && upstream.conduit.input.readable) this.onGuestReadable();
  }

  #unavailable(error: unknown): void {
    const known = error instanceof WarrenError && error.status === 503;
    const full = known && error.code === queueCode;
    this.#log(known ? error.code : "service.connect", String(error));
    this.#finish();
    this.#client.answerError(
      known
        ? {
            status: 503,
            code: full ? queueCode : "service.unavailable",
            message: full ? "too many requests wait for the service already" : "the service is not available now",
            retryAfterSeconds: 1,
          }
        : { status: 502, code: "service.broken", message: "the service could not be reached" },
    );
  }

  /** Brings what the guest has said to the client, as long as the client's socket takes it. */
  #pump(): void {
    const upstream = this.#upstream!;
    const { input } = upstream.conduit;
    const { socket } = this.#client;
    let corked = false;
    // Taking a chunk may make the guest push the next one before this one is written: that one's turn comes below.
    this.#pumping = true;
    while (!this.#clientBlocked) {
      const chunk = input.shift();
      if (chunk === undefined) break;
      if (!corked && input.bytes > 0) {
        corked = true;
        socket.cork();
      }
      try {
        this.#take(chunk);
      } catch (error) {
        this.#broken(error);
      }
      if (this.#upstream !== upstream) break;
    }
    this.#pumping = false;
    if (corked) socket.uncork();
    if (this.#upstream === upstream && input.finished) this.#guestEnded(upstream);
  }

  #take(chunk: Uint8Array): void {
    if (this.#body === undefined) {
      this.#takeHead(chunk);
      return;
    }
    this.#client.refresh();
    const to = this.#body.write(this.#client.socket, chunk, 0);
    this.#afterBody(chunk, to);
  }

  #takeHead(chunk: Uint8Array): void {
    const bytes = this.#partial === undefined ? asBuffer(chunk) : Buffer.concat([this.#partial, chunk]);
    const head = this.#client.response;
    if (this.#partial === undefined) head.reset();
    let from = 0;
    for (;;) {
      const end = head.parse(bytes, from);
      if (end < 0) {
        this.#partial = from === 0 ? bytes : bytes.subarray(from);
        return;
      }
      this.#partial = undefined;
      if (head.status === 101) {
        this.#switchProtocols(head, bytes.subarray(end));
        return;
      }
      if (head.status >= 200) {
        this.#answer(head, bytes, from, end);
        return;
      }
      this.#interim(head);
      from = end;
      if (from === bytes.length) return;
      head.reset();
    }
  }

  #answer(head: ResponseHead, bytes: Buffer, from: number, end: number): void {
    const client = this.#client;
    const { request, socket } = client;
    const body = AnswerBody.of(head, this.#method === "HEAD", request.minor === 1);
    this.#head = undefined;
    if (client.visit !== undefined) client.visit.status = head.status;
    this.#persistent = head.persistent;
    this.#keep = client.mayPersist && !body.endsWithConnection;
    // RFC 9110 §6.6.1: who forwards an answer without a Date adds one.
    let insert = head.dated ? "" : `Date: ${currentDate()}\r\n`;
    if (this.#fields !== undefined) for (const [name, value] of this.#fields) insert += `${name}: ${value}\r\n`;
    if (body.insertChunked) insert += "Transfer-Encoding: chunked\r\n";
    if (!this.#keep) insert += "Connection: close\r\n";
    else if (request.minor === 0) insert += "Connection: keep-alive\r\n";
    if (request.minor === 0) head.cutTransferEncoding();
    client.refresh();
    if (body.asItIs && (bytes.length - end <= copiedBytesMax || goesAsItIs(head, insert))) {
      // A body that is wrong from the start throws before anything goes out: that is a 502.
      const to = body.skip(bytes, end);
      this.#body = body;
      const whole = from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
      socket.write(forwardResponse(head, insert, to) ?? whole);
      this.#afterBody(bytes, to);
      return;
    }
    this.#body = body;
    socket.cork();
    socket.write(forwardResponse(head, insert, end) ?? bytes.subarray(from, end));
    const to = body.write(socket, bytes, end);
    socket.uncork();
    this.#afterBody(bytes, to);
  }

  #afterBody(bytes: Uint8Array, to: number): void {
    if (this.#client.socket.writableNeedDrain) this.#clientBlocked = true;
    if (this.#body!.done) this.#complete(to === bytes.length);
  }

  /** 100 was sent by the front already; others are for clients of HTTP/1.1 (RFC 9110 §15.2). */
  #interim(head: ResponseHead): void {
    if (++this.#interims > interimMax)
      throw new WarrenError("head.malformed", `more than ${interimMax} interim answers`);
    const { request, socket } = this.#client;
    if (head.status === 100 || request.minor === 0) return;
    socket.write(forwardResponse(head, "", head.end) ?? head.bytes.subarray(head.start, head.end));
  }

  #switchProtocols(head: ResponseHead, rest: Buffer): void {
    const client = this.#client;
    const upstream = this.#upstream!;
    if (!client.request.upgrade || !head.upgrade)
      throw new WarrenError("head.malformed", "101 for a request that did not ask for it");
    const protocol = head.bytes.toString("latin1", head.upgradeFrom, head.upgradeTo);
    const handshake = this.#handshake;
    if (handshake !== undefined) checkAccepted(handshake, protocol, head.fields());
    const insert = `Connection: upgrade\r\nUpgrade: ${protocol}\r\n`;
    client.socket.write(forwardResponse(head, insert, head.end)!);
    if (rest.length > 0 && handshake === undefined) client.socket.write(rest);
    this.#over = true;
    this.#upstream = undefined;
    upstream.user = undefined;
    const { activity } = this.#target;
    if (client.visit !== undefined) {
      client.visit.status = head.status;
      client.visit.cpuMs = () => (upstream.conduit.work?.cpuMs ?? 0) - this.#cpuMsBefore;
    }
    const onDone = (): void => {
      if (--activity.active === 0) activity.onIdle?.();
    };
    if (handshake === undefined) {
      new Tunnel(client.socket, upstream.conduit, onDone).start(client.releaseToTunnel());
      return;
    }
    const { limits, ticker } = client.context;
    const onGuestWrong = (message: string): void => this.#log("service.websocket", message);
    new WebSocketRelay(client.socket, upstream.conduit, { limits, ticker, onGuestWrong, onDone }).start(
      client.releaseToTunnel(),
      rest,
    );
  }

  /** The answer is complete: `clean` says that the guest said nothing behind it. */
  #complete(clean: boolean): void {
    const upstream = this.#upstream!;
    const { bodyRead } = this.#client;
    if (clean && bodyRead && this.#persistent && !this.#client.clientEnded) this.#pool.put(upstream);
    else if (bodyRead) upstream.close();
    else upstream.reset();
    this.#finish();
    this.#client.exchangeDone(this.#keep);
  }

  /** The guest's side is at its end, orderly or not, before its answer was complete. */
  #guestEnded(upstream: Upstream): void {
    const { failure } = upstream.conduit.input;
    if (this.#body !== undefined) {
      if (failure === undefined && this.#body.endAtClose(this.#client.socket)) this.#complete(false);
      else this.#broken(failure ?? new WarrenError("connection.ended", "the guest ended its answer early"));
      return;
    }
    this.#untouched = upstream.conduit.output.bytesRead === this.#readBefore;
    upstream.reset();
    if (this.#mayRetry(failure)) {
      this.#cpuMs = this.#guestCpuMs;
      this.#upstream = undefined;
      this.#connect();
    } else {
      this.#broken(failure ?? new WarrenError("connection.ended", "the guest ended the connection without an answer"));
    }
  }

  /**
   * A request without a body may be sent again when the guest has said nothing to it: safe methods (RFC 9110 §9.2.2), and
   * any where the guest had not read a byte of it, as when it ended an idle connection just then (RFC 9112 §9.3.1).
   */
  #mayRetry(failure: WarrenError | undefined): boolean {
    // What took too long once would again.
    if (failure?.code === deadlineCode) return false;
    if (this.#hasBody || this.#partial !== undefined || this.#interims > 0 || this.#attempts >= attemptsMax)
      return false;
    return this.#untouched || this.#method === "GET" || this.#method === "HEAD" || this.#method === "OPTIONS";
  }

  #broken(error: unknown): void {
    this.#log(error instanceof WarrenError ? error.code : "internal", String(error));
    const body = this.#body;
    const spent = this.#spent();
    this.#upstream?.reset();
    this.#finish();
    if (body === undefined) {
      const late = error instanceof WarrenError && error.code === deadlineCode;
      this.#client.answerError(
        late
          ? { status: 504, code: deadlineCode, message: `the service took too long: ${spent}` }
          : { status: 502, code: "service.broken", message: "the service broke off before it answered" },
      );
    } else this.#client.breakOff(body.endsWithConnection);
  }

  #finish(): void {
    const { activity } = this.#target;
    this.#cpuMs = this.#guestCpuMs;
    activity.onRequestDone?.(performance.now() - this.#startedAt, this.#cpuMs);
    this.#over = true;
    this.#upstream = undefined;
    if (--activity.active === 0) activity.onIdle?.();
  }

  /** What the guest has spent on this request. The end of its work for the one before, on the same connection, counts too. */
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

  #log(code: string, message: string): void {
    const { context } = this.#client;
    context.log({ code, message, listener: context.key });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
