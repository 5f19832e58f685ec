import type { Flow } from "../../base/flow.ts";
import type { Waited } from "../guest-thread.ts";
import type { P2Host } from "./host.ts";
import { OutputStream } from "./output-stream.ts";
import type { StreamError } from "./stream-error.ts";

/** Writes to a flow, of which it is the writer. What is in the flow counts as flushed, as what is in a socket's buffer does. */
export class FlowOutputStream extends OutputStream implements Waited {
  wake: (() => void) | undefined;
  readonly waited = this;
  readonly #flow: Flow;
  readonly #onDrop: () => void;

  /** `onDrop`: the guest has dropped the stream; the flow is ended unless it is given. */
  constructor(host: P2Host, flow: Flow, onDrop: () => void = () => flow.end()) {
    super(host);
    this.#flow = flow;
    this.#onDrop = onDrop;
    flow.onWritable = () => this.wake?.();
  }

  protected room(): number | StreamError {
    const { closed, bytesMax, bytes } = this.#flow;
    return closed ? "closed" : Math.max(0, bytesMax - bytes);
  }

  protected put(contents: Uint8Array): StreamError | undefined {
    if (this.#flow.closed) return "closed";
    this.#flow.push(new Uint8Array(contents));
    return undefined;
  }

  protected close(): void {
    this.#flow.onWritable = undefined;
    this.#onDrop();
  }
}
