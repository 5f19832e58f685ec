import { type ErrorCode, errorCode } from "../../http/error-code.ts";
import type { Exchange } from "../../http/exchange.ts";
import type { Fields } from "../../http/fields.ts";
import { done, err, type WitResult } from "../result.ts";
import type { HttpHost } from "./host.ts";
import type { OutgoingResponse } from "./outgoing-response.ts";

const protocolError: WitResult<never, ErrorCode> = err(errorCode("HTTP-protocol-error"));
const unsupported: WitResult<never, ErrorCode> = err(errorCode("internal-error", "no interim answer can be sent"));

/** `response-outparam` of wasi:http/types. */
export class ResponseOutparam {
  readonly #host: HttpHost;
  readonly #exchange: Exchange;

  constructor(host: HttpHost, exchange: Exchange) {
    this.#host = host;
    this.#exchange = exchange;
  }

  /** Consumes both. */
  set(response: WitResult<OutgoingResponse, ErrorCode>): void {
    if (response.tag === "err") {
      this.#exchange.refuse(response.val);
      return;
    }
    const { status, fields, content } = response.val;
    this.#exchange.answer(status, fields.list, content);
    response.val.drop();
  }

  /** Takes the fields over. */
  sendInformational(status: number, fields: Fields): WitResult<undefined, ErrorCode> {
    this.#host.resources.remove();
    fields.release();
    // 101 changes the protocol, and 100 is the front's to send.
    if (status < 102 || status > 199) return protocolError;
    return this.#exchange.inform(status, fields.list) ? done : unsupported;
  }

  drop(): void {
    this.#exchange.giveUp();
  }
}
