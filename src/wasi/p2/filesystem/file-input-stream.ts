import { errno } from "../../errno.ts";
import type { OpenFile } from "../../files/open-file.ts";
import type { Waited } from "../../guest-thread.ts";
import type { P2Host } from "../host.ts";
import { InputStream } from "../input-stream.ts";
import type { SharedDescriptor } from "../shared-descriptor.ts";
import type { StreamError } from "../stream-error.ts";
import { streamFailureOf } from "./error-code.ts";

/** What is read at a time, and ahead of the guest where it would have to wait for a disk. */
const pieceBytes = 64 * 1024;

const nothing = new Uint8Array(0);

type State =
  | { readonly kind: "idle" }
  /** Other threads are reading. */
  | { readonly kind: "reading" }
  | { readonly kind: "read"; readonly bytes: Uint8Array }
  | { readonly kind: "over"; readonly end: StreamError };

const idle: State = { kind: "idle" };
const reading: State = { kind: "reading" };

/** Reads a file from a position on, which is the stream's own. A file that grows is read on, as in preview 1. */
export class FileInputStream extends InputStream implements Waited {
  wake: (() => void) | undefined;
  readonly waited = this;
  readonly #shared: SharedDescriptor<OpenFile>;
  #position: number;
  #state: State = idle;

  /** Takes a use of the descriptor over. */
  constructor(host: P2Host, shared: SharedDescriptor<OpenFile>, position: number) {
    super(host);
    this.#shared = shared;
    this.#position = position;
  }

  protected take(length: number): Uint8Array | StreamError {
    this.#begin();
    const state = this.#state;
    switch (state.kind) {
      case "reading":
        return nothing;
      case "over":
        this.#becomeIdle();
        return state.end;
      case "read": {
        const { bytes } = state;
        if (length < bytes.length) this.#state = { kind: "read", bytes: bytes.subarray(length) };
        else this.#becomeIdle();
        return this.#took(bytes.subarray(0, length));
      }
      case "idle":
        return this.#readNow(Math.min(length, pieceBytes));
    }
  }

  protected available(): boolean {
    this.#begin();
    return this.#state.kind !== "reading";
  }

  protected close(): void {
    if (this.#state.kind !== "reading") this.#becomeIdle();
    this.#shared.release();
  }

  /** Nothing that was read ahead is kept. */
  #becomeIdle(): void {
    if (this.#state.kind !== "idle") this.host.resources.releaseForDisk(pieceBytes);
    this.#state = idle;
  }

  /** Leaves a disk that has been slow to other threads, as long as this one is not the guest's alone. */
  #begin(): void {
    const file = this.#shared.descriptor;
    if (this.#state.kind !== "idle" || this.host.thread.alone || file.later?.slow !== true) return;
    if (!this.host.resources.holdForDisk(pieceBytes)) return;
    this.#state = reading;
    const target = Buffer.allocUnsafe(pieceBytes);
    void file.readLater(target, this.#position).then((count) => {
      if (count > 0) this.#state = { kind: "read", bytes: target.subarray(0, count) };
      else this.#state = { kind: "over", end: endOf(count) };
      if (this.dropped) this.#becomeIdle();
      this.wake?.();
    });
  }

  #readNow(length: number): Uint8Array | StreamError {
    const file = this.#shared.descriptor;
    const target = Buffer.allocUnsafe(length);
    const { alone } = this.host.thread;
    const began = alone ? 0 : performance.now();
    const count = file.readAt([target], this.#position);
    if (!alone) file.later?.took(performance.now() - began, Math.max(0, count));
    return count <= 0 ? endOf(count) : this.#took(target.subarray(0, count));
  }

  #took(bytes: Uint8Array): Uint8Array {
    this.#position += bytes.length;
    return bytes;
  }
}

function endOf(count: number): StreamError {
  return count === 0 || count === -errno.AGAIN ? "closed" : streamFailureOf(count);
}
