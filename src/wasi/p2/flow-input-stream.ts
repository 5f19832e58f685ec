import type { Flow } from "../../base/flow.ts";
import type { Waited } from "../guest-thread.ts";
import type { P2Host } from "./host.ts";
import { InputStream } from "./input-stream.ts";
import { IoError, type IoErrorCause } from "./io-error.ts";
import type { StreamError } from "./stream-error.ts";

/** Reads a flow, of which it is the reader: nothing is copied on this side of the guest's memory. */
export class FlowInputStream extends InputStream implements Waited {
  wake: (() => void) | undefined;
  readonly waited = this;
  readonly #flow: Flow;
  readonly #causeOf: ((failure: Error) => IoErrorCause | undefined) | undefined;

  /** `causeOf`: what a failure of the flow's is to the guest. */
  constructor(host: P2Host, flow: Flow, causeOf?: (failure: Error) => IoErrorCause | undefined) {
    super(host);
    this.#flow = flow;
    this.#causeOf = causeOf;
    flow.onReadable = () => this.wake?.();
  }

  protected take(length: number): Uint8Array | StreamError {
    const flow = this.#flow;
    const chunk = flow.shift(length);
    if (chunk !== undefined) return chunk;
    if (flow.failure !== undefined) return new IoError(flow.failure.message, this.#causeOf?.(flow.failure));
    return flow.closed ? "closed" : nothing;
  }

  protected available(): boolean {
    return this.#flow.readable;
  }

  protected override ended(): boolean {
    return this.#flow.finished;
  }

  protected close(): void {
    this.#flow.onReadable = undefined;
    this.#flow.cancel();
  }
}

const nothing = new Uint8Array(0);
