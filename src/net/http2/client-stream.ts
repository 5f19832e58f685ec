import type { ServerHttp2Stream } from "node:http2";
import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import type { Answer } from "../answer.ts";
import type { Client } from "../client.ts";
import { type Decision, decide } from "../dispatch.ts";
import { type ErrorAnswer, errorParts } from "../http1/error-answer.ts";
import type { Match } from "../router.ts";
import {
  type Field,
  type HttpTarget,
  queueCode,
  type RequestTarget,
  type TargetRequest,
  type TargetResponse,
} from "../target.ts";
import { bodyTooLarge, type Visit } from "../visit.ts";
import { answerFields, lateFields } from "./answer-fields.ts";
import { errorCode } from "./error-code.ts";
import type { Http2Connection } from "./http2-connection.ts";
import { Http2RequestHead, trailerFields } from "./request-head.ts";
import { resetCodeOf } from "./reset-code.ts";

/** As often as one request is asked of another worker before it is answered with 503; more than one of them may know less. */
const passedMax = 3;

function ignore(): void {}

/**
 * A request whose signal is made when somebody asks for it. A class, since V8 makes a dictionary of each literal that has an
 * accessor: that was an eighth of a request's CPU.
 */
class StreamTargetRequest implements TargetRequest {
  readonly method: string;
  readonly path: string;
  readonly mountedAt: string;
  readonly strip: boolean;
  readonly host: string;
  readonly scheme: "http" | "https";
  readonly headers: readonly Field[];
  readonly body: Flow;
  readonly trailers: readonly Field[];
  readonly inform: Required<TargetRequest>["inform"];
  readonly client: TargetRequest["client"];
  readonly server: TargetRequest["server"];
  readonly passed: number;
  onGone: (() => void) | undefined;
  readonly #signal: () => AbortSignal;

  constructor(facts: Required<Omit<TargetRequest, "signal" | "onGone">>, signal: () => AbortSignal) {
    this.method = facts.method;
    this.path = facts.path;
    this.mountedAt = facts.mountedAt;
    this.strip = facts.strip;
    this.host = facts.host;
    this.scheme = facts.scheme;
    this.headers = facts.headers;
    this.body = facts.body;
    this.trailers = facts.trailers;
    this.inform = facts.inform;
    this.client = facts.client;
    this.server = facts.server;
    this.passed = facts.passed;
    this.#signal = signal;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }
}

/** One stream of a client: a request and its answer. */
export class ClientStream {
  readonly #connection: Http2Connection;
  readonly #stream: ServerHttp2Stream;
  #head: Http2RequestHead | undefined;
  #client: Client;
  /** How often it has been asked of another front, this time included if it is to be. */
  #passed = 0;
  /** Of the request; absent when it has none. */
  #body: Flow | undefined;
  readonly #trailers: Field[] = [];
  #discarded = 0;
  #request: TargetRequest | undefined;
  #abort: AbortController | undefined;
  #gone: boolean = false;
  #target: RequestTarget | undefined;
  #over: boolean = false;
  /** Where the service has limits or an access log. */
  #visit: Visit | undefined;
  #answer: TargetResponse | undefined;
  /** Fields of the front's, which go with the answer. */
  #fields: readonly Field[] | undefined;
  #remaining = Number.POSITIVE_INFINITY;
  #mayTrail: boolean = false;
  #blocked: boolean = false;
  #pumping: boolean = false;
  /** When body bytes last came. */
  #readAt: number;
  /** When bytes of the answer last went out, or began to wait. */
  #sentAt: number;

  constructor(connection: Http2Connection, stream: ServerHttp2Stream, id: number) {
    this.#connection = connection;
    this.#stream = stream;
    this.#client = connection.client;
    this.#readAt = this.#sentAt = connection.context.ticker.now;
    // What went wrong does not matter here: "close" follows.
    stream.on("error", () => {});
    stream.on("aborted", () => this.#giveUp());
    stream.on("close", () => {
      this.#giveUp();
      this.#visit?.end();
      connection.closed(id);
      // Its native half lives until the next full collection, and would keep all that hangs on it from the young ones.
      stream.removeAllListeners();
      stream.on("error", ignore);
    });
  }

  /** `ended`: the head is all of the request. */
  start(raw: readonly string[], ended: boolean): void {
    const { context } = this.#connection;
    let decision: Decision;
    try {
      const head = Http2RequestHead.parse(raw, context.limits);
      this.#head = head;
      const client = this.#connection.clientOf(head);
      this.#client = client;
      this.#passed = this.#connection.passedOf(head);
      if (ended && head.contentLength > 0) throw new WarrenError("head.framing", "no body where one was announced");
      decision = decide(context, head, client);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (decision.visit !== undefined) this.#beginVisit(decision.visit);
    if (decision.kind === "error") {
      this.#answerError(decision.error);
      return;
    }
    if (decision.kind === "answer") {
      this.#answerWhole(decision.answer);
      return;
    }
    const { match } = decision;
    if (match.target.kind === "elsewhere" && ++this.#passed > passedMax) {
      this.#answerError(unavailableAnswer);
      return;
    }
    const handler = this.#handlerOf(match.target);
    // In another worker it is that one's to do.
    const compress = match.compress && match.target.kind !== "elsewhere";
    const target = compress ? context.compression.of(handler) : handler;
    this.#target = target;
    this.#fields = decision.fields;
    this.#run(target, this.#targetRequest(match, ended));
  }

  /** Bytes of the answer have gone out. */
  onSent(now: number): void {
    this.#sentAt = now;
  }

  sweep(now: number): void {
    const { limits } = this.#connection.context;
    const stream = this.#stream;
    if (stream.bufferSize > 0) {
      if (now - this.#sentAt > limits.writeStallMsMax) this.#reset();
      return;
    }
    if (this.#over || this.#target === undefined) return;
    const body = this.#body;
    const streaming = this.#target.streaming === true;
    if (body !== undefined && !body.closed && !streaming) {
      if (!body.writable) this.#readAt = now;
      else if (now - this.#readAt > limits.bodyIdleMsMax)
        this.#refuse(new WarrenError("request.timeout", "the request body took too long", { status: 408 }));
    }
  }

  /** Breaks the request off. */
  #giveUp(): void {
    if (this.#over) return;
    this.#over = true;
    const error = new WarrenError("connection.reset", "the client went away", { status: 502 });
    if (this.#body?.closed === false) this.#body.fail(error);
    this.#answer?.body.cancel();
    this.#gone = true;
    this.#abort?.abort(error);
    this.#request?.onGone?.();
    this.#release();
  }

  #handlerOf(target: HttpTarget): RequestTarget {
    switch (target.kind) {
      case "request":
        return target;
      case "stream":
        return this.#connection.context.handler(target);
      case "elsewhere":
        // Its state is this worker's: the connection cannot be given away.
        return target.multiplexed ?? this.#connection.context.handler(target.proxied);
      default:
        return target satisfies never;
    }
  }

  #beginVisit(visit: Visit): void {
    this.#visit = visit;
    visit.protocol = "HTTP/2.0";
    visit.receivedBytes = this.#head!.size;
  }

  #targetRequest({ path: mountedAt, strip, target }: Match<HttpTarget>, ended: boolean): TargetRequest {
    const head = this.#head!;
    const { remote, local, scheme } = this.#client;
    const id = this.#connection.context.requestIds.next();
    if (this.#visit !== undefined) this.#visit.requestId = id;
    // Another worker's front takes it off itself.
    const off = strip && target.kind !== "elsewhere";
    const body = new Flow();
    if (ended) body.end();
    else this.#receive(body);
    return new StreamTargetRequest(
      {
        method: head.method,
        path: head.target,
        mountedAt,
        strip: off,
        host: head.host,
        scheme,
        headers: [
          ...head.fields,
          ["x-forwarded-for", remote.ip],
          ["x-forwarded-proto", scheme],
          ["x-forwarded-host", head.host],
          ["x-request-id", id],
          ...(off ? [["x-forwarded-prefix", mountedAt] as const] : []),
        ],
        body,
        trailers: this.#trailers,
        inform: (status, fields) => this.#inform(status, fields),
        client: remote,
        server: local,
        passed: this.#passed,
      },
      () => this.#signal,
    );
  }

  /** Made when somebody asks for it. */
  get #signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#gone) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  #receive(body: Flow): void {
    const stream = this.#stream;
    this.#body = body;
    // node:http2 holds bodies to their Content-Length. A guest of HTTP/1.1 that got another one would read the next request in it.
    let rest = this.#head!.contentLength < 0 ? Number.POSITIVE_INFINITY : this.#head!.contentLength;
    let bytesLeft = this.#visit?.bodyBytesMax ?? Number.POSITIVE_INFINITY;
    stream.on("data", (chunk: Buffer) => {
      rest -= chunk.length;
      bytesLeft -= chunk.length;
      if (bytesLeft < 0 && !this.#over) {
        this.#refuse(bodyTooLarge());
        return;
      }
      if (rest < 0) {
        this.#giveUp();
        this.#reset();
        return;
      }
      this.#readAt = this.#connection.context.ticker.now;
      if (this.#visit !== undefined) this.#visit.receivedBytes += chunk.length;
      if (body.closed) this.#discard(chunk.length);
      else if (!body.push(chunk) && !body.closed) stream.pause();
    });
    stream.on("trailers", (...args: unknown[]) => {
      this.#trailers.push(...trailerFields((args[2] as string[] | undefined) ?? []));
    });
    stream.on("end", () => {
      // "end" comes for a stream that was reset as well.
      if (stream.rstCode !== errorCode.noError || stream.aborted) return;
      if (rest === 0 || rest === Number.POSITIVE_INFINITY) body.end();
      else this.#giveUp();
    });
    body.onWritable = () => {
      if (!this.#over) stream.resume();
    };
  }

  /** A guest that stopped reading may still answer; beyond some bytes the client's window stays shut. */
  #discard(bytes: number): void {
    this.#discarded += bytes;
    if (this.#discarded > this.#connection.context.limits.discardBytesMax) this.#stream.pause();
  }

  #run(target: RequestTarget, request: TargetRequest): void {
    const { activity } = target;
    this.#request = request;
    activity.requests++;
    activity.active++;
    // As of HTTP/1: many a guest's server never would.
    if (this.#head!.expectsContinue && !request.body.closed) this.#stream.additionalHeaders({ ":status": 100 });
    let answer: Promise<TargetResponse>;
    try {
      answer = target.handle(request);
    } catch (error) {
      this.#failed(error);
      return;
    }
    answer
      .then((response) => {
        if (this.#over) response.body.cancel();
        else this.#begin(response);
      })
      .catch((error: unknown) => this.#failed(error));
  }

  #inform(status: number, fields: readonly Field[]): void {
    if (this.#over || this.#stream.closed || this.#stream.headersSent) return;
    this.#stream.additionalHeaders({ ":status": status, ...lateFields(fields) });
  }

  #begin(response: TargetResponse): void {
    const { status, body, trailers } = response;
    const stream = this.#stream;
    const { list, contentLength } = answerFields(status, response.headers);
    const bodiless = this.#head!.method === "HEAD" || status === 204 || status === 304;
    this.#answer = response;
    if (this.#visit !== undefined) {
      this.#visit.status = status;
      this.#visit.cpuMs = response.cpuMs;
    }
    if (this.#fields !== undefined) for (const [name, value] of this.#fields) list.push(name.toLowerCase(), value);
    if (contentLength >= 0) this.#remaining = contentLength;
    const whole = body.closed && body.failure === undefined;
    this.#mayTrail = trailers !== undefined && !bodiless && (!whole || trailers.length > 0);
    const endStream = bodiless || (whole && body.bytes === 0 && !this.#mayTrail);
    // All of it is there already: its length is known.
    if (whole && contentLength < 0 && !bodiless && !this.#mayTrail) list.push("content-length", String(body.bytes));
    stream.respond(list, { endStream, waitForTrailers: this.#mayTrail });
    if (endStream) {
      if (!body.closed) body.cancel();
      this.#done();
      return;
    }
    if (this.#mayTrail) stream.on("wantTrailers", () => this.#sendTrailers());
    stream.on("drain", () => {
      this.#blocked = false;
      this.#pump();
    });
    body.onReadable = () => this.#pump();
    this.#pump();
  }

  #sendTrailers(): void {
    // The stream may be gone by now.
    if (!this.#stream.closed) this.#stream.sendTrailers(lateFields(this.#answer?.trailers ?? []));
  }

  #pump(): void {
    const body = this.#answer?.body;
    // Taking a chunk may make the guest push the next one before this one is written: that one's turn comes below.
    if (body === undefined || this.#over || this.#pumping) return;
    this.#pumping = true;
    const stream = this.#stream;
    while (!this.#blocked) {
      const chunk = body.shift();
      if (chunk === undefined) break;
      if (chunk.length > this.#remaining) {
        this.#pumping = false;
        this.#broken(new WarrenError("head.framing", "the answer is longer than its Content-Length"));
        return;
      }
      this.#remaining -= chunk.length;
      if (this.#visit !== undefined) this.#visit.sentBytes += chunk.length;
      if (stream.bufferSize === 0) this.#sentAt = this.#connection.context.ticker.now;
      if (body.finished && body.failure === undefined && (this.#remaining === 0 || this.#remaining === Infinity)) {
        stream.end(chunk);
        this.#done();
        break;
      }
      this.#blocked = !stream.write(chunk);
    }
    this.#pumping = false;
    if (this.#over || !body.finished) return;
    if (body.failure !== undefined) this.#broken(body.failure);
    else if (this.#remaining > 0 && this.#remaining !== Infinity)
      this.#broken(new WarrenError("head.framing", "the answer is shorter than its Content-Length"));
    else {
      stream.end();
      this.#done();
    }
  }

  /** The answer is out. */
  #done(): void {
    this.#over = true;
    this.#release();
    this.#endRequest();
  }

  /** What is left of the request is not wanted: the client may stop sending (RFC 9113 §8.1). */
  #endRequest(): void {
    const body = this.#body;
    if (body === undefined || this.#stream.readableEnded) return;
    if (!body.closed) body.fail(new WarrenError("connection.ended", "the request was answered"));
    this.#stream.once("finish", () => {
      if (!this.#stream.readableEnded) this.#stream.close(errorCode.noError);
    });
  }

  /** The answer cannot be completed: the client must be able to see that it is cut short. */
  #broken(error: WarrenError): void {
    this.#log(error.code, String(error));
    this.#over = true;
    this.#answer?.body.cancel();
    this.#release();
    const code = resetCodeOf(error);
    if (this.#mayTrail && code !== undefined) this.#stream.close(code);
    else this.#reset();
  }

  /**
   * Cuts the stream off in the middle. Not by close(): before its reset node:http2 would send what makes the answer look whole,
   * where no trailers are to come.
   */
  #reset(): void {
    this.#stream.destroy(new Error("cut off"));
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    if (this.#stream.headersSent) {
      this.#broken(error instanceof WarrenError ? error : new WarrenError("internal", String(error), { cause: error }));
      return;
    }
    const known = error instanceof WarrenError;
    const full = known && error.code === queueCode;
    this.#log(known ? error.code : "internal", String(error));
    this.#over = true;
    this.#abort?.abort(error);
    this.#release();
    // To the client a reset says more than a 502: that it may send again what the guest did not look at (RFC 9113 §8.7), or, to one
    // of gRPC, that its deadline is over.
    const code = known ? resetCodeOf(error) : undefined;
    if (code !== undefined) {
      this.#stream.close(code);
      return;
    }
    this.#answerError(
      known && error.status === 503
        ? full
          ? { ...unavailableAnswer, code: queueCode, message: "too many requests wait for the service already" }
          : unavailableAnswer
        : known && error.status === 504
          ? { status: 504, code: error.code, message: error.message }
          : { status: 502, code: "service.broken", message: "the service broke off before it answered" },
    );
  }

  /** A request that cannot be understood, or did not come to its end. */
  #refuse(error: unknown): void {
    const headersSent = this.#stream.headersSent;
    this.#giveUp();
    if (headersSent) {
      this.#reset();
      return;
    }
    const { status, code, message } =
      error instanceof WarrenError ? error : new WarrenError("internal", "internal error", { status: 500 });
    if (status === 500) this.#log("internal", String(error));
    this.#answerError({ status, code, message });
  }

  #answerError(error: ErrorAnswer): void {
    const { fields, body } = errorParts(error, this.#head?.field("accept"));
    this.#answerNow(error.status, fields, body);
  }

  /** As a route without a guest says. */
  #answerWhole({ status, fields, body }: Answer): void {
    const length: Field = ["Content-Length", String(body.length)];
    try {
      this.#answerNow(status, [...fields, length], body);
    } catch (error) {
      this.#log("internal", String(error));
      this.#answerError({ status: 500, code: "internal", message: "internal error" });
    }
  }

  #answerNow(status: number, fields: readonly Field[], body: string | Uint8Array): void {
    const stream = this.#stream;
    if (stream.closed || stream.destroyed) return;
    const { list } = answerFields(status, fields);
    const bodiless = this.#head?.method === "HEAD" || body.length === 0;
    this.#over = true;
    if (this.#visit !== undefined) this.#visit.status = status;
    this.#sentAt = this.#connection.context.ticker.now;
    stream.respond(list, { endStream: bodiless });
    if (!bodiless) stream.end(body);
    this.#endRequest();
  }

  #release(): void {
    const activity = this.#target?.activity;
    if (activity !== undefined && --activity.active === 0) activity.onIdle?.();
  }

  #log(code: string, message: string): void {
    const { context } = this.#connection;
    context.log({ code, message, listener: context.key });
  }
}

const unavailableAnswer: ErrorAnswer = {
  status: 503,
  code: "service.unavailable",
  message: "the service is not available now",
  retryAfterSeconds: 1,
};
