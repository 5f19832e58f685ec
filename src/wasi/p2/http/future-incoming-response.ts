import type { Waited } from "../../guest-thread.ts";
import type { Call } from "../../http/call.ts";
import type { ErrorCode } from "../../http/error-code.ts";
import { Pollable, type Waitable } from "../pollable.ts";
import { err, ok, type WitResult } from "../result.ts";
import type { HttpHost } from "./host.ts";
import { IncomingResponse } from "./incoming-response.ts";

type Given = WitResult<WitResult<IncomingResponse, ErrorCode>, undefined>;
const given: WitResult<never, undefined> = err(undefined);

/** `future-incoming-response` of wasi:http/types. Dropping it without having got the response cancels the request. */
export class FutureIncomingResponse implements Waitable, Waited {
  wake: (() => void) | undefined;
  readonly #host: HttpHost;
  readonly #call: Call;
  #given: boolean = false;

  constructor(host: HttpHost, call: Call) {
    host.resources.add();
    this.#host = host;
    this.#call = call;
    call.onSettled = () => this.wake?.();
  }

  get waited(): Waited {
    return this;
  }

  ready(): boolean {
    return this.#call.state.kind !== "pending";
  }

  subscribe(): Pollable {
    return new Pollable(this.#host, this);
  }

  get(): Given | undefined {
    if (this.#given) return given;
    const { state } = this.#call;
    if (state.kind === "pending") return undefined;
    this.#given = true;
    return ok(
      state.kind === "failed" ? err(state.error.code) : ok(new IncomingResponse(this.#host, this.#call, state.answer)),
    );
  }

  drop(): void {
    this.#host.resources.remove();
    if (!this.#given) this.#call.cancel();
  }
}
