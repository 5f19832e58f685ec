import { errorCode } from "../../http/error-code.ts";
import type { Exchange } from "../../http/exchange.ts";
import { Fields } from "../../http/fields.ts";
import { type Method, methodOf } from "../../http/method.ts";
import { http, https, type Scheme } from "../../http/uri-syntax.ts";
import { err, ok, type WitResult } from "../result.ts";
import type { HttpHost } from "./host.ts";
import { IncomingBody, type IncomingContent } from "./incoming-body.ts";

const taken: WitResult<never, undefined> = err(undefined);

/** `incoming-request` of wasi:http/types. */
export class IncomingRequest {
  readonly #host: HttpHost;
  readonly #exchange: Exchange;
  #fields: Fields | undefined;
  #consumed: boolean = false;

  constructor(host: HttpHost, exchange: Exchange) {
    this.#host = host;
    this.#exchange = exchange;
  }

  method(): Method {
    return methodOf(this.#exchange.method);
  }

  pathWithQuery(): string {
    return this.#exchange.path;
  }

  scheme(): Scheme {
    return this.#exchange.scheme === "https" ? https : http;
  }

  authority(): string {
    return this.#exchange.authority;
  }

  headers(): Fields {
    this.#host.resources.add();
    this.#fields ??= Fields.received(this.#host.http, this.#exchange.fields);
    return this.#fields.view();
  }

  consume(): WitResult<IncomingBody, undefined> {
    if (this.#consumed) return taken;
    this.#consumed = true;
    return ok(new IncomingBody(this.#host, new RequestContent(this.#exchange)));
  }
}

class RequestContent implements IncomingContent {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get flow(): Exchange["body"] {
    return this.#exchange.body;
  }
  get trailers(): Exchange["trailers"] {
    return this.#exchange.trailers;
  }

  /** The client went away in the middle of it. */
  failure(): ReturnType<IncomingContent["failure"]> {
    return errorCode("connection-terminated");
  }
}
