import type { Fields } from "../../http/fields.ts";
import { err, ok, type WitResult } from "../result.ts";
import { contentLengthOf } from "./content-length.ts";
import type { HttpHost } from "./host.ts";
import { OutgoingBody } from "./outgoing-body.ts";

const refused: WitResult<never, undefined> = err(undefined);
const done: WitResult<undefined, undefined> = ok(undefined);

/** `outgoing-response` of wasi:http/types. */
export class OutgoingResponse {
  status = 200;
  /** Undefined until the guest takes it. */
  content: OutgoingBody | undefined;
  readonly fields: Fields;
  readonly #host: HttpHost;

  /** Takes the fields over. */
  constructor(host: HttpHost, fields: Fields) {
    fields.freeze();
    this.#host = host;
    this.fields = fields;
  }

  setStatusCode(status: number): WitResult<undefined, undefined> {
    // Of the final ones, RFC 9110 §15; `send-informational` is for the others.
    if (status < 200 || status > 599) return refused;
    this.status = status;
    return done;
  }

  headers(): Fields {
    this.#host.resources.add();
    return this.fields.view();
  }

  body(): WitResult<OutgoingBody, undefined> {
    if (this.content !== undefined) return refused;
    const length = contentLengthOf(this.fields);
    if (length === "invalid") return refused;
    this.content = new OutgoingBody(this.#host, "HTTP-response-body-size", length);
    return ok(this.content);
  }

  /** It has gone to where it was to go, or nowhere. */
  drop(): void {
    this.#host.resources.remove();
    this.fields.release();
  }
}
