import type { Address } from "../../base/address.ts";
import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import { stripped } from "../../net/strip.ts";
import type { Field, TargetRequest, TargetResponse } from "../../net/target.ts";
import { type ErrorCode, statusOfError } from "../../wasi/http/error-code.ts";
import type { Content, ContentOwner, Exchange } from "../../wasi/http/exchange.ts";
import type { AnswerTurn } from "./answer-turn.ts";

const noTrailers: readonly Field[] = [];

/** One request on its way through a handler. */
export class HandlerExchange implements Exchange, ContentOwner {
  readonly request: TargetRequest;
  readonly response: Promise<TargetResponse>;
  /** The client is gone, since then by performance.now(). */
  goneAt: number | undefined;
  /** performance.now() when it came. */
  readonly startedAt: number = performance.now();
  /** What the guest called its error. */
  refusal: ErrorCode | undefined;
  readonly #turn: AnswerTurn;
  #resolve!: (response: TargetResponse) => void;
  #reject!: (error: WarrenError) => void;
  /** `held`: there is an answer, and its body is not whole yet. */
  #state: "open" | "held" | "answered" | "failed" = "open";
  #status = 0;
  #fields: readonly Field[] = noTrailers;
  #content: Content | undefined;
  cpuMs: (() => number) | undefined;
  /** What its guest has used for it, once that is done. */
  cpuSpentMs = 0;

  constructor(request: TargetRequest, turn: AnswerTurn) {
    this.request = request;
    this.#turn = turn;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get method(): string {
    return this.request.method;
  }
  get path(): string {
    const { path, strip, mountedAt } = this.request;
    return strip === true ? stripped(path, mountedAt) : path;
  }
  get scheme(): "http" | "https" {
    return this.request.scheme;
  }
  get authority(): string {
    const { host, server } = this.request;
    return host === "" ? authorityOf(server) : host;
  }
  get fields(): readonly Field[] {
    return this.request.headers;
  }
  get body(): Flow {
    return this.request.body;
  }
  get trailers(): readonly Field[] {
    return this.request.trailers ?? noTrailers;
  }

  /** The guest has answered, or has failed to. */
  get settled(): boolean {
    return this.#state !== "open";
  }

  answer(status: number, fields: readonly Field[], content: Content | undefined): void {
    if (this.#state !== "open") return;
    this.#status = status;
    this.#fields = fields;
    // RFC 9110 §6.4.1: none follows these, and a guest that writes one has not done wrong.
    if (this.request.method === "HEAD" || status === 204 || status === 304) {
      content?.discard();
      this.#send(undefined);
      return;
    }
    if (content === undefined) {
      this.#send(undefined);
      return;
    }
    this.#content = content;
    this.#state = "held";
    content.owner = this;
    if (content.flow.closed) this.contentOver();
    else if (!content.flow.writable) this.flush();
    // Head and body leave together when the guest goes on to finish it.
    else this.#turn.hold(this);
  }

  refuse(code: ErrorCode): void {
    if (this.#state !== "open") return;
    this.refusal = code;
    this.#status = statusOfError(code);
    this.#fields = refusalFields;
    const body = new Flow();
    body.push(Buffer.from(`the service could not answer (${code.tag})\n`));
    body.end();
    this.#state = "answered";
    this.#resolve(this.#response(body, undefined));
  }

  giveUp(): void {
    this.fail(
      new WarrenError("handler.no-answer", "the handler let go of its request without an answer", { status: 502 }),
    );
  }

  inform(status: number, fields: readonly Field[]): boolean {
    if (this.#state !== "open" || this.request.inform === undefined) return false;
    this.request.inform(status, fields);
    return true;
  }

  contentOver(): void {
    if (this.#state !== "held") return;
    const failure = this.#content?.flow.failure;
    if (failure === undefined) this.flush();
    // Nothing of it has been sent yet.
    else this.fail(failure);
  }

  contentFull(): void {
    this.flush();
  }

  /** Sends what is held. */
  flush(): void {
    if (this.#state === "held") this.#send(this.#content);
  }

  /** It will not be answered, or not to the end. */
  fail(error: WarrenError): void {
    const state = this.#state;
    if (state === "failed") return;
    this.#state = "failed";
    if (state !== "answered") this.#reject(error);
    const flow = this.#content?.flow;
    if (flow?.closed === false) flow.fail(error);
  }

  /** The guest is done with it, or is no more: what it has not finished breaks off. The error is made where one is needed: its stack costs. */
  end(error: () => WarrenError): void {
    const { body } = this.request;
    if (!body.finished) body.cancel();
    if (this.#state === "open" || this.#content?.flow.closed === false) this.fail(error());
  }

  #send(content: Content | undefined): void {
    this.#state = "answered";
    let body = content?.flow;
    if (body === undefined) {
      body = new Flow();
      body.end();
    }
    this.#resolve(this.#response(body, content?.trailers));
  }

  #response(body: Flow, trailers: readonly Field[] | undefined): TargetResponse {
    const { cpuMs } = this;
    return {
      status: this.#status,
      headers: this.#fields,
      body,
      ...(trailers === undefined ? {} : { trailers }),
      ...(cpuMs === undefined ? {} : { cpuMs }),
    };
  }
}

const refusalFields: readonly Field[] = [["content-type", "text/plain; charset=utf-8"]];

function authorityOf({ ip, port }: Address): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
