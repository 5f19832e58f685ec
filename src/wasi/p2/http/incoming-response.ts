import type { Flow } from "../../../base/flow.ts";
import type { Answer, Call } from "../../http/call.ts";
import type { ErrorCode } from "../../http/error-code.ts";
import { type Field, Fields } from "../../http/fields.ts";
import { err, ok, type WitResult } from "../result.ts";
import type { HttpHost } from "./host.ts";
import { IncomingBody, type IncomingContent } from "./incoming-body.ts";

const taken: WitResult<never, undefined> = err(undefined);

/** `incoming-response` of wasi:http/types. */
export class IncomingResponse {
  readonly #host: HttpHost;
  readonly #call: Call;
  readonly #answer: Answer;
  #fields: Fields | undefined;
  #consumed: boolean = false;

  constructor(host: HttpHost, call: Call, answer: Answer) {
    host.resources.add();
    this.#host = host;
    this.#call = call;
    this.#answer = answer;
  }

  status(): number {
    return this.#answer.status;
  }

  headers(): Fields {
    this.#host.resources.add();
    this.#fields ??= Fields.received(this.#host.http, this.#answer.fields);
    return this.#fields.view();
  }

  consume(): WitResult<IncomingBody, undefined> {
    if (this.#consumed) return taken;
    this.#consumed = true;
    return ok(new IncomingBody(this.#host, new ResponseContent(this.#call, this.#answer)));
  }

  drop(): void {
    this.#host.resources.remove();
    if (!this.#consumed) this.#answer.body.cancel();
  }
}

class ResponseContent implements IncomingContent {
  readonly flow: Flow;
  readonly trailers: readonly Field[];
  readonly #call: Call;

  constructor(call: Call, { body, trailers }: Answer) {
    this.flow = body;
    this.trailers = trailers;
    this.#call = call;
  }

  failure(): ErrorCode {
    return this.#call.failure;
  }
}
