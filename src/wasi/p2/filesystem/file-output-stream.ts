import { errno, type Result } from "../../errno.ts";
import type { OpenFile } from "../../files/open-file.ts";
import type { Waited } from "../../guest-thread.ts";
import type { P2Host } from "../host.ts";
import { OutputStream } from "../output-stream.ts";
import type { SharedDescriptor } from "../shared-descriptor.ts";
import type { StreamError } from "../stream-error.ts";
import { streamFailureOf } from "./error-code.ts";

/** What one write takes, less than a millisecond of copying. */
const roomBytes = 1024 * 1024;

/**
 * Writes to a file from a position on, which is the stream's own, or always to its end. In this thread, but where that would wait for a disk
 * while other guests want the thread, as preview 1 does (file-transfer.ts).
 */
export class FileOutputStream extends OutputStream implements Waited {
  wake: (() => void) | undefined;
  readonly waited = this;
  readonly #shared: SharedDescriptor<OpenFile>;
  #position: number | "end";
  /** What other threads are to write, no more than there was room for. */
  #queue: Uint8Array[] = [];
  #writing: boolean = false;
  /** Of what they wrote, until the guest is told. */
  #failure: StreamError | undefined;

  /** Takes a use of the descriptor over. */
  constructor(host: P2Host, shared: SharedDescriptor<OpenFile>, position: number | "end") {
    super(host);
    this.#shared = shared;
    this.#position = position;
  }

  protected room(): number | StreamError {
    return this.#failure ?? (this.#writing ? 0 : roomBytes);
  }

  protected put(contents: Uint8Array): StreamError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (!this.#writing) {
      if (!this.#wouldWait() || !this.host.resources.holdForDisk(contents.length)) return this.#writeNow(contents);
    } else if (!this.host.resources.holdForDisk(contents.length)) return streamFailureOf(-errno.NOMEM);
    this.#queue.push(new Uint8Array(contents));
    if (!this.#writing) void this.#writeQueue();
    return undefined;
  }

  protected override flushed(): boolean | StreamError {
    return this.#failure ?? !this.#writing;
  }

  protected close(): void {
    // What is queued is written all the same: the guest was told that it would be.
    if (!this.#writing) this.#shared.release();
  }

  #wouldWait(): boolean {
    const { later, synchronizes } = this.#shared.descriptor;
    return !this.host.thread.alone && later !== undefined && (synchronizes !== undefined || later.slow);
  }

  #writeNow(contents: Uint8Array): StreamError | undefined {
    const file = this.#shared.descriptor;
    const { alone } = this.host.thread;
    const began = alone ? 0 : performance.now();
    let rest = contents;
    while (rest.length > 0) {
      const count = this.#position === "end" ? file.append([rest]) : file.writeAt([rest], this.#position);
      if (count <= 0) return streamFailureOf(count === 0 ? -errno.IO : count);
      rest = this.#wrote(rest, count);
    }
    if (!alone) file.later?.took(performance.now() - began, contents.length);
    const { synchronizes } = file;
    const result = synchronizes === undefined ? 0 : file.synchronize(synchronizes);
    return result < 0 ? streamFailureOf(result) : undefined;
  }

  async #writeQueue(): Promise<void> {
    this.#writing = true;
    for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
      const result = await this.#writeLater(chunk);
      this.host.resources.releaseForDisk(chunk.length);
      if (result >= 0) continue;
      this.#failure = streamFailureOf(result);
      for (const { length } of this.#queue) this.host.resources.releaseForDisk(length);
      this.#queue = [];
    }
    this.#writing = false;
    if (this.dropped) this.#shared.release();
    this.wake?.();
  }

  async #writeLater(contents: Uint8Array): Promise<Result> {
    const file = this.#shared.descriptor;
    let rest = contents;
    while (rest.length > 0) {
      // By another thread the end could be moved meanwhile by others that write to it.
      const count = this.#position === "end" ? file.append([rest]) : await file.writeLater(rest, this.#position);
      if (count <= 0) return count === 0 ? -errno.IO : count;
      rest = this.#wrote(rest, count);
    }
    const { synchronizes } = file;
    return synchronizes === undefined ? 0 : file.synchronizeLater(synchronizes);
  }

  #wrote(contents: Uint8Array, count: number): Uint8Array {
    if (this.#position !== "end") this.#position += count;
    return contents.subarray(count);
  }
}
