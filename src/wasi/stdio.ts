import { systemCode } from "../base/errors.ts";
import { Flow } from "../base/flow.ts";
import { type Descriptor, type Filetype, filetype, type Readiness } from "./descriptor.ts";
import { errno, type Result } from "./errno.ts";
import { gather } from "./gather.ts";

/** Where a guest's output goes: called with each write, or a bounded queue that makes the guest wait when it is full. */
export type Output = ((chunk: Uint8Array) => void) | Flow;

/** What one call of an output function gets at the most. */
const callBytesMax = 64 * 1024;

/** Standard input. */
export class InputStream implements Descriptor {
  readonly type: Filetype;
  flags = 0;
  wake: (() => void) | undefined;
  readonly #flow: Flow | undefined;

  /** Without a flow it is empty. `terminal`: what isatty() answers. */
  constructor(flow: Flow | undefined, terminal: boolean) {
    this.type = terminal ? filetype.characterDevice : filetype.unknown;
    this.#flow = flow;
    if (flow !== undefined) flow.onReadable = () => this.wake?.();
  }

  read(buffers: readonly Uint8Array[]): Result {
    const flow = this.#flow;
    if (flow === undefined || buffers.length === 0) return 0;
    if (!flow.readable) return -errno.AGAIN;
    if (flow.finished) return flow.failure === undefined ? 0 : -errno.IO;
    let count = 0;
    for (const buffer of buffers) {
      const got = flow.read(buffer);
      count += got;
      if (got < buffer.length) break;
    }
    return count;
  }

  /** As {@link read}, but gives what came without copying it: at most so many bytes. */
  shift(lengthMax: number): Uint8Array | Result {
    const flow = this.#flow;
    if (flow === undefined) return 0;
    // What is behind it may begin with the first look.
    if (!flow.readable) return -errno.AGAIN;
    const chunk = flow.shift(lengthMax);
    if (chunk !== undefined) return chunk;
    if (flow.failure !== undefined) return -errno.IO;
    return flow.closed ? 0 : -errno.AGAIN;
  }

  write(): Result {
    return -errno.BADF;
  }

  get heldBytes(): number {
    return this.#flow?.bytes ?? 0;
  }

  poll(interest: "read" | "write"): Readiness | undefined {
    const flow = this.#flow;
    if (interest === "write" || flow === undefined) return { bytes: 0, hangup: true };
    return flow.readable ? { bytes: flow.bytes, hangup: flow.finished } : undefined;
  }

  close(): void {
    if (this.#flow === undefined) return;
    this.#flow.onReadable = undefined;
    this.#flow.cancel();
  }
}

/** Standard output or error. */
export class OutputStream implements Descriptor {
  readonly type: Filetype;
  flags = 0;
  wake: (() => void) | undefined;
  readonly #output: Output;

  /** `terminal`: what isatty() answers. */
  constructor(output: Output, terminal: boolean) {
    this.type = terminal ? filetype.characterDevice : filetype.unknown;
    this.#output = output;
    if (output instanceof Flow) output.onWritable = () => this.wake?.();
  }

  read(): Result {
    return -errno.BADF;
  }

  get heldBytes(): number {
    return this.#output instanceof Flow ? this.#output.bytes : 0;
  }

  write(buffers: readonly Uint8Array[]): Result {
    const output = this.#output;
    if (output instanceof Flow) {
      if (output.closed) return -errno.PIPE;
      if (!output.writable) return -errno.AGAIN;
      const chunk = gather(buffers, output.bytesMax);
      output.push(chunk);
      return chunk.length;
    }
    const chunk = gather(buffers, callBytesMax);
    try {
      output(chunk);
    } catch (error) {
      return systemCode(error) === "EPIPE" ? -errno.PIPE : -errno.IO;
    }
    return chunk.length;
  }

  poll(interest: "read" | "write"): Readiness | undefined {
    const output = this.#output;
    if (interest === "read") return { bytes: 1, hangup: false };
    if (!(output instanceof Flow)) return { bytes: callBytesMax, hangup: false };
    if (output.closed) return { bytes: 0, hangup: true };
    return output.writable ? { bytes: output.bytesMax - output.bytes, hangup: false } : undefined;
  }

  close(): void {
    if (!(this.#output instanceof Flow)) return;
    this.#output.onWritable = undefined;
    this.#output.end();
  }
}
