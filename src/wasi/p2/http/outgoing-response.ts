import type { Fields } from "../../http/fields.ts";
import type { WitResult } from "../result.ts";
import type { HttpHost } from "./host.ts";
import { done, OutgoingMessage, refused } from "./outgoing-message.ts";

/** `outgoing-response` of wasi:http/types. */
export class OutgoingResponse extends OutgoingMessage {
  status = 200;

  /** Takes the fields over. */
  constructor(host: HttpHost, fields: Fields) {
    super(host, fields, "HTTP-response-body-size");
  }

  setStatusCode(status: number): WitResult<undefined, undefined> {
    // Of the final ones, RFC 9110 §15; `send-informational` is for the others.
    if (status < 200 || status > 599) return refused;
    this.status = status;
    return done;
  }
}
