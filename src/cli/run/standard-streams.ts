import { createReadStream, writeSync } from "node:fs";
import { systemCode, WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import { EscapeFilter } from "../ui/escapes.ts";
import { isTerminal, openKeyboard } from "./terminal.ts";

const readChunkBytes = 64 * 1024;
const retryMs = 1;

/**
 * Standard input, read only from the guest's first look at it on: a program that reads none leaves it to the next one, as
 * in `while read line; do warren run x.wasm; done`.
 */
export class StandardInput extends Flow {
  #begun: boolean = false;

  override get readable(): boolean {
    if (!this.#begun) {
      this.#begun = true;
      this.#begin();
    }
    return super.readable;
  }

  #begin(): void {
    const stream = isTerminal(0)
      ? openKeyboard()
      : createReadStream("", { fd: 0, autoClose: false, highWaterMark: readChunkBytes });
    stream.on("data", (chunk) => {
      const bytes = chunk as Buffer;
      if (!this.push(bytes)) stream.pause();
    });
    this.onWritable = () => (this.cancelled ? stream.destroy() : stream.resume());
    stream.on("end", () => this.end());
    stream.on("error", (error) => {
      // A terminal that hung up, or an input that is a directory or was never opened: nothing (more) comes.
      if (systemCode(error) === "EIO" || systemCode(error) === "EOF") this.end();
      else
        this.fail(
          new WarrenError("stdin.unreadable", `cannot read standard input: ${error.message}`, { cause: error }),
        );
    });
  }
}

export interface OutputRules {
  /** On a terminal: what of its control sequences pass; all of them when undefined. */
  readonly filter: { readonly colour: boolean } | undefined;
  /** The reader of the pipe has gone. */
  readonly onBroken: () => void;
}

/** Writes to standard output or error before the guest goes on, so that nothing waits in memory and the order holds. */
export function standardOutput(fd: 1 | 2, { filter, onBroken }: OutputRules): (chunk: Uint8Array) => void {
  function write(chunk: Uint8Array): void {
    try {
      writeAll(fd, chunk);
    } catch (error) {
      if (systemCode(error) === "EPIPE") onBroken();
      throw error;
    }
  }
  if (filter === undefined || !isTerminal(fd)) return write;
  const escapes = new EscapeFilter({ ...filter, lines: true, redraw: true });
  const decoder = new TextDecoder();
  return (chunk) => write(Buffer.from(escapes.push(decoder.decode(chunk, { stream: true }))));
}

function writeAll(fd: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) {
    try {
      at += writeSync(fd, chunk, at);
    } catch (error) {
      // Whoever shares the other end of a pipe may have made it non-blocking.
      if (systemCode(error) !== "EAGAIN") throw error;
      Atomics.wait(idle, 0, 0, retryMs);
    }
  }
}

const idle = new Int32Array(new SharedArrayBuffer(4));
