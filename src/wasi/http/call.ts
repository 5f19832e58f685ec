import type { ClientRequest, IncomingMessage } from "node:http";
import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import { type ErrorCode, errorCode } from "./error-code.ts";
import type { Content } from "./exchange.ts";
import type { Field } from "./fields.ts";
import { type HttpClient, receivedFields, type SentHead } from "./http-client.ts";
import { exchangeError, HttpError } from "./http-error.ts";

/** Milliseconds. */
export interface CallTimeouts {
  /** Until there is a connection, TLS included. */
  readonly connectMs: number;
  /** From there until the head of the answer. */
  readonly firstByteMs: number;
  /** Between two pieces of its body, while somebody wants them. */
  readonly betweenBytesMs: number;
}

/** The head of an answer, and its body on its way. */
export interface Answer {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Flow;
  /** Complete once the body has ended. */
  readonly trailers: Field[];
}

export type CallState =
  | { readonly kind: "pending" }
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "failed"; readonly error: HttpError };

// RFC 9110 §9.2.2, those without a body of ours.
const repeatable: readonly string[] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/** A request that a guest sends, and its answer. Over once the answer is read to its end, or something failed, or it was cancelled. */
export class Call {
  /** The state has changed from pending. */
  onSettled: (() => void) | undefined;
  onOver: (() => void) | undefined;
  readonly #client: HttpClient;
  readonly #head: SentHead;
  readonly #content: Content | undefined;
  readonly #timeouts: CallTimeouts;
  readonly #abort = new AbortController();
  #state: CallState = { kind: "pending" };
  #request: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When body bytes last came, or were last wanted again. */
  #readAt = 0;
  #failure: ErrorCode = errorCode("HTTP-response-incomplete");
  #retried: boolean = false;
  #sent: boolean = false;
  #over: boolean = false;

  /** Begins at once. `head` has what frames the body: nothing, Content-Length, or Transfer-Encoding. */
  constructor(client: HttpClient, head: SentHead, content: Content | undefined, timeouts: CallTimeouts) {
    this.#client = client;
    this.#head = head;
    this.#content = content;
    this.#timeouts = timeouts;
    this.#begin();
  }

  get state(): CallState {
    return this.#state;
  }

  /** What the failure of an answer's body is. */
  get failure(): ErrorCode {
    return this.#failure;
  }

  /** Nobody wants the answer any more. */
  cancel(): void {
    this.#fail(new HttpError(errorCode("connection-terminated"), "the request was cancelled"));
  }

  #begin(): void {
    const request = this.#client.begin(this.#head, this.#abort.signal);
    this.#request = request;
    request.on("error", (error) => this.#failed(request, error));
    request.on("socket", () => this.#connected());
    request.on("response", (message) => this.#answered(message));
    request.on("upgrade", (_, socket) => {
      socket.destroy();
      this.#fail(new HttpError(errorCode("HTTP-upgrade-failed"), `${this.#host}: it answers with another protocol`));
    });
    request.on("close", () => this.#failed(request, new Error("closed")));
    this.#arm(this.#timeouts.connectMs, "connection-timeout", "no connection was made in time");
    if (this.#content === undefined) {
      this.#sent = true;
      request.end();
    } else this.#send(request, this.#content);
  }

  #send(request: ClientRequest, content: Content): void {
    const { flow } = content;
    let blocked = false;
    let pumping = false;
    const pump = () => {
      if (pumping) return;
      pumping = true;
      while (!blocked && !this.#sent) {
        const chunk = flow.shift();
        if (chunk === undefined) break;
        blocked = !request.write(chunk);
      }
      pumping = false;
      if (!flow.finished || this.#sent) return;
      this.#sent = true;
      if (flow.failure !== undefined)
        this.#fail(new HttpError(errorCode("HTTP-protocol-error"), "the request's body broke off"));
      else {
        if (content.trailers.length > 0) request.addTrailers(content.trailers as [string, string][]);
        request.end();
      }
    };
    request.on("drain", () => {
      blocked = false;
      pump();
    });
    flow.onReadable = pump;
    pump();
  }

  #connected(): void {
    this.#arm(this.#timeouts.firstByteMs, "connection-read-timeout", "there was no answer in time");
  }

  #answered(message: IncomingMessage): void {
    if (this.#over) {
      message.destroy();
      return;
    }
    clearTimeout(this.#timer);
    this.#client.answered(message);
    const body = new Flow();
    const trailers: Field[] = [];
    message.on("data", (chunk: Buffer) => {
      this.#readAt = performance.now();
      if (!body.push(chunk)) message.pause();
    });
    body.onWritable = () => {
      if (body.cancelled) {
        this.#end();
        return;
      }
      this.#readAt = performance.now();
      message.resume();
    };
    message.on("end", () => {
      trailers.push(...receivedFields(message.rawTrailers));
      body.end();
      this.#end();
    });
    message.on("error", (error) => this.#breakOff(body, exchangeError(this.#host, error, true)));
    this.#readAt = performance.now();
    this.#watch(body);
    const answer = {
      status: message.statusCode ?? 0,
      fields: receivedFields(message.rawHeaders),
      body,
      trailers,
    };
    this.#settle({ kind: "answered", answer });
  }

  #failed(request: ClientRequest, cause: Error): void {
    if (this.#over || request !== this.#request) return;
    const { state } = this;
    // A connection that was kept may have been closed just before (RFC 9112 §9.3.1).
    const stale = request.reusedSocket && state.kind === "pending" && !(cause instanceof HttpError);
    if (stale && !this.#retried && this.#content === undefined && repeatable.includes(this.#head.method)) {
      this.#retried = true;
      clearTimeout(this.#timer);
      this.#begin();
      return;
    }
    const error = exchangeError(this.#host, cause, state.kind === "answered");
    if (state.kind === "answered") this.#breakOff(state.answer.body, error);
    else this.#fail(error);
  }

  /** While the body is not whole. */
  #watch(body: Flow): void {
    const { betweenBytesMs } = this.#timeouts;
    const look = () => {
      // A guest that does not read is slow itself.
      const quiet = body.writable ? performance.now() - this.#readAt : 0;
      if (quiet < betweenBytesMs) this.#timer = setTimeout(look, Math.ceil(betweenBytesMs - quiet));
      else
        this.#breakOff(
          body,
          new HttpError(errorCode("connection-read-timeout"), `${this.#host}: the answer stopped in the middle`),
        );
    };
    look();
  }

  #arm(ms: number, tag: "connection-timeout" | "connection-read-timeout", why: string): void {
    clearTimeout(this.#timer);
    if (this.#over || this.#state.kind !== "pending") return;
    const late = () => this.#fail(new HttpError(errorCode(tag), `${this.#host}: ${why}`));
    this.#timer = setTimeout(late, Math.min(ms, timeoutMsMax));
  }

  #fail(error: HttpError): void {
    if (this.#over) return;
    if (this.#state.kind === "answered") {
      this.#breakOff(this.#state.answer.body, error);
      return;
    }
    this.#end();
    this.#settle({ kind: "failed", error });
  }

  #breakOff(body: Flow, error: HttpError): void {
    if (this.#over) return;
    this.#failure = error.code;
    this.#end();
    body.fail(new WarrenError("http.broke-off", error.message, { status: 502, cause: error }));
  }

  #settle(state: CallState): void {
    if (this.#state.kind !== "pending") return;
    this.#state = state;
    this.onSettled?.();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const whole = this.#sent && this.#state.kind === "answered" && this.#state.answer.body.closed;
    const cancelled = this.#state.kind === "answered" && this.#state.answer.body.cancelled;
    // The connection is kept only when both messages are whole.
    if (!whole || cancelled) {
      this.#abort.abort();
      this.#request?.destroy();
    }
    if (this.#content !== undefined && !this.#sent) {
      this.#sent = true;
      this.#content.flow.cancel();
    }
    this.onOver?.();
  }

  get #host(): string {
    return this.#head.origin.host;
  }
}

/** setTimeout takes no more. */
const timeoutMsMax = 2 ** 31 - 1;
