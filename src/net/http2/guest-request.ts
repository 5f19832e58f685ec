import type { ClientHttp2Stream } from "node:http2";
import { addAbortSignal, PassThrough } from "node:stream";
import { assert } from "../../base/assert.ts";
import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import { describeSpent } from "../../base/spent.ts";
import { formatPeerClient, peerField } from "../peer-client.ts";
import { stripped } from "../strip.ts";
import type { Field, TargetRequest, TargetResponse } from "../target.ts";
import { lateFields } from "./answer-fields.ts";
import { errorCode } from "./error-code.ts";
import { frameFlag } from "./frame-meter.ts";
import type { GuestSession } from "./guest-session.ts";
import type { Http2Guest } from "./http2-guest.ts";
import { trailerFields } from "./request-head.ts";
import { resetByGuest } from "./reset-code.ts";

/** Sessions that one request is tried on before the client hears of it. */
const attemptsMax = 3;
/** Of a request's body that is kept while the request may have to be sent again. */
const keptBytesMax = 64 * 1024;
/** 1xx answers before the real one. */
const interimMax = 16;

function ignore(): void {}

/** node:http2 resets a stream with CANCEL that is destroyed by what it knows as an AbortError: its own, which nobody can make. */
const cancelled = abortError();

function abortError(): Error {
  const stream = new PassThrough();
  stream.on("error", () => {});
  addAbortSignal(AbortSignal.abort(), stream);
  assert(stream.errored !== null);
  return stream.errored;
}

/** One request on its way through a guest that speaks HTTP/2. */
export class GuestRequest {
  readonly answer: Promise<TargetResponse>;
  readonly #resolve: (response: TargetResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #guest: Http2Guest;
  readonly #request: TargetRequest;
  readonly #startedAt = performance.now();
  /** When the guest's time began: with the request, or with the last piece of its body. */
  #since: number;
  #attempts = 0;
  #session: GuestSession | undefined;
  #stream: ClientHttp2Stream | undefined;
  #cpuFrom = 0;
  #cpuMs = 0;
  /** What of the body was sent; undefined once it is more than is kept, or the guest has answered. */
  #kept: Uint8Array[] | undefined = [];
  #keptBytes = 0;
  #bodySent: boolean = false;
  #blocked: boolean = false;
  #interims = 0;
  /** Of the answer, once its head has come. */
  #body: Flow | undefined;
  readonly #trailers: Field[] = [];
  #over: boolean = false;

  constructor(guest: Http2Guest, request: TargetRequest) {
    const { promise, resolve, reject } = Promise.withResolvers<TargetResponse>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#guest = guest;
    this.#request = request;
    this.#since = guest.ticker.exactly();
    guest.waits(this);
    request.onGone = () => this.#abort();
    request.body.onReadable = () => this.#pumpBody();
    this.#begin();
  }

  sweep(now: number): void {
    const { target, limits } = this.#guest;
    if (now - this.#since <= (target.answerMsMax ?? limits.answerMsMax)) return;
    const spent = describeSpent(
      performance.now() - this.#startedAt,
      this.#guestCpuMs,
      this.#session?.conduit.work?.doing,
    );
    target.activity.onLate?.(spent);
    this.#fail(new WarrenError("service.timeout", `the service did not answer in time: ${spent}`, { status: 504 }));
  }

  #begin(): void {
    this.#attempts++;
    const session = this.#guest.session(this.#request);
    if (!(session instanceof Promise)) {
      this.#send(session);
      return;
    }
    session.then(
      (session) => {
        if (this.#over) return;
        // It may have been retired by now.
        if (!session.free && this.#attempts < attemptsMax) this.#begin();
        else this.#send(session);
      },
      (error: unknown) => {
        if (!this.#over) this.#fail(error);
      },
    );
  }

  #send(session: GuestSession): void {
    this.#session = session;
    this.#cpuFrom = session.begin();
    try {
      this.#open(session);
    } catch (error) {
      // node:http2 throws for what it does not send.
      this.#fail(error);
    }
  }

  #open(session: GuestSession): void {
    const { body } = this.#request;
    const kept = this.#kept ?? [];
    const endStream =
      kept.length === 0 && body.finished && body.failure === undefined && this.#requestTrailers.length === 0;
    // RFC 9110 §6.6.2: whoever will send trailers should say so; to wait for them costs a frame more.
    const announced = this.#request.headers.some(([name]) => name === "trailer");
    const stream = session.session.request(requestFields(this.#request, this.#guest.target.peer === true), {
      endStream,
      waitForTrailers: announced && !endStream,
    });
    this.#stream = stream;
    this.#bodySent = endStream;
    this.#blocked = false;
    for (const chunk of kept) this.#blocked = !stream.write(chunk);
    stream.on("headers", (fields, _flags, raw) => this.#onInterim(Number(fields[":status"]), raw));
    stream.on("response", (fields, flags, raw) => this.#onResponse(Number(fields[":status"]), flags, raw));
    stream.on("trailers", (_fields, _flags, raw) => void this.#trailers.push(...trailerFields(raw)));
    stream.on("wantTrailers", () => {
      if (!stream.closed) stream.sendTrailers(lateFields(this.#requestTrailers));
    });
    stream.on("drain", () => {
      this.#blocked = false;
      this.#pumpBody();
    });
    stream.on("error", () => {});
    stream.on("close", () => {
      this.#onClose(stream);
      // As of a client's stream: what hangs on it is to be collected before it is.
      stream.removeAllListeners();
      stream.on("error", ignore);
    });
    this.#pumpBody();
  }

  get #requestTrailers(): readonly Field[] {
    return this.#request.trailers ?? [];
  }

  /** Brings the client's body to the guest, as fast as that takes it. */
  #pumpBody(): void {
    const stream = this.#stream;
    if (stream === undefined || this.#bodySent || this.#over) return;
    const { body } = this.#request;
    while (!this.#blocked) {
      const chunk = body.shift();
      if (chunk === undefined) break;
      this.#keep(chunk);
      this.#since = this.#guest.ticker.exactly();
      this.#blocked = !stream.write(chunk);
    }
    if (!body.finished) return;
    if (body.failure !== undefined) {
      this.#abort();
      return;
    }
    this.#bodySent = true;
    stream.end();
  }

  #keep(chunk: Uint8Array): void {
    this.#keptBytes += chunk.length;
    if (this.#keptBytes <= keptBytesMax) this.#kept?.push(chunk);
    else this.#kept = undefined;
  }

  #onInterim(status: number, raw: readonly string[]): void {
    // RFC 9113 §8.6: there is no 101.
    if (status === 101) this.#fail(new WarrenError("head.malformed", "101 in HTTP/2"));
    else if (++this.#interims > interimMax)
      this.#fail(new WarrenError("head.malformed", `more than ${interimMax} interim answers`));
    else if (status !== 100) this.#request.inform?.(status, messageFields(raw));
  }

  #onResponse(status: number, flags: number, raw: readonly string[]): void {
    if (this.#over) return;
    this.#guest.answered(this);
    this.#kept = undefined;
    const stream = this.#stream!;
    const body = new Flow();
    this.#body = body;
    if ((flags & frameFlag.endStream) !== 0) body.end();
    else {
      body.onWritable = () => {
        if (body.cancelled) this.#abort();
        else stream.resume();
      };
      stream.on("data", (chunk: Buffer) => {
        if (!body.push(chunk)) stream.pause();
      });
      stream.on("end", () => {
        // "end" comes for a stream that was reset as well.
        if (stream.rstCode === errorCode.noError && !stream.aborted) body.end();
      });
    }
    this.#resolve({
      status,
      headers: messageFields(raw),
      body,
      cpuMs: () => this.#guestCpuMs,
      trailers: this.#trailers,
    });
  }

  #onClose(stream: ClientHttp2Stream): void {
    if (this.#over || this.#stream !== stream) return;
    const { rstCode } = stream;
    if (this.#body?.closed) {
      this.#finish();
      return;
    }
    if (this.#body === undefined && rstCode === errorCode.refusedStream && this.#mayRetry()) {
      this.#leaveSession();
      this.#begin();
      return;
    }
    this.#fail(
      rstCode === errorCode.noError || this.#session?.session.destroyed
        ? new WarrenError("connection.ended", "the guest ended its answer early", { status: 502 })
        : resetByGuest(rstCode),
    );
  }

  /** RFC 9113 §8.7: a stream that was refused was not looked at. */
  #mayRetry(): boolean {
    return this.#kept !== undefined && this.#interims === 0 && this.#attempts < attemptsMax;
  }

  #abort(): void {
    this.#fail(new WarrenError("connection.reset", "the client went away", { status: 502 }));
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    const body = this.#body;
    this.#finish();
    if (body === undefined) this.#reject(error);
    else
      body.fail(
        error instanceof WarrenError
          ? error
          : new WarrenError("internal", String(error), { status: 502, cause: error }),
      );
  }

  #finish(): void {
    const stream = this.#stream;
    this.#over = true;
    this.#leaveSession();
    this.#guest.activity.onRequestDone?.(performance.now() - this.#startedAt, this.#cpuMs);
    this.#guest.answered(this);
    this.#request.onGone = undefined;
    this.#request.body.cancel();
    // Not by close(): before its reset node:http2 would send what makes the request look whole.
    if (stream !== undefined && !stream.closed) stream.destroy(cancelled);
  }

  #leaveSession(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#cpuMs = this.#guestCpuMs;
    this.#session = undefined;
    this.#stream = undefined;
    session.end(this.#guest.ticker.now);
  }

  get #guestCpuMs(): number {
    return this.#cpuMs + (this.#session?.cpuMs(this.#cpuFrom) ?? 0);
  }
}

/** For node:http2: names and values in turn. */
function requestFields(request: TargetRequest, peer: boolean): string[] {
  const { method, mountedAt, host, client: remote, server: local, scheme } = request;
  const path = request.strip ? stripped(request.path, mountedAt) : request.path;
  const list = [":method", method, ":scheme", "http", ":authority", host, ":path", path];
  for (const [name, value] of request.headers) if (name !== "host") list.push(name, value);
  // Meant for one hop, and this hop keeps trailers; gRPC asks for it (PROTOCOL-HTTP2, "te").
  list.push("te", "trailers");
  if (peer) list.push(peerField.toLowerCase(), formatPeerClient({ remote, local, scheme }, request.passed));
  return list;
}

/** The fields of a guest's head, which node:http2 has checked, without the pseudo-header ones. */
function messageFields(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let index = 0; index < raw.length; index += 2)
    if (raw[index]!.charCodeAt(0) !== 0x3a) fields.push([raw[index]!, raw[index + 1]!]);
  return fields;
}
