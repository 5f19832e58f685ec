import type { Fields } from "../../http/fields.ts";
import { err, ok, type WitResult } from "../result.ts";
import { contentLengthOf } from "./content-length.ts";
import type { HttpHost } from "./host.ts";
import { OutgoingBody } from "./outgoing-body.ts";

export const refused: WitResult<never, undefined> = err(undefined);
export const done: WitResult<undefined, undefined> = ok(undefined);

/** What requests and responses have in common that a guest sends. */
export abstract class OutgoingMessage {
  /** Undefined until the guest takes it. */
  content: OutgoingBody | undefined;
  readonly fields: Fields;
  readonly #host: HttpHost;
  readonly #sizeError: ConstructorParameters<typeof OutgoingBody>[1];

  /** Takes the fields over. `sizeError` is what a body fails with that is not as long as its Content-Length. */
  constructor(host: HttpHost, fields: Fields, sizeError: ConstructorParameters<typeof OutgoingBody>[1]) {
    fields.freeze();
    this.#host = host;
    this.fields = fields;
    this.#sizeError = sizeError;
  }

  headers(): Fields {
    this.#host.resources.add();
    return this.fields.view();
  }

  body(): WitResult<OutgoingBody, undefined> {
    if (this.content !== undefined) return refused;
    const length = contentLengthOf(this.fields);
    if (length === "invalid") return refused;
    this.content = new OutgoingBody(this.#host, this.#sizeError, length);
    return ok(this.content);
  }

  /** It was sent, or is not to be. */
  drop(): void {
    this.#host.resources.remove();
    this.fields.release();
  }
}
