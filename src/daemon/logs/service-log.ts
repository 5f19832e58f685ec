import type { FileHandle } from "node:fs/promises";
import { systemCode } from "../../base/errors.ts";
import type { LogLine } from "../../control/service.ts";
import { LogFiles, type LogPlace, type RotationLimits } from "./log-files.ts";
import { decodeLines, encodeLine, noticeLine } from "./log-line.ts";
import { placeOfTail, placeOfTime } from "./log-place.ts";

const blockBytes = 64 * 1024;
const lineEnd = 0x0a;

/** Bytes that wait to be written, of all services together. */
export interface BufferBudget {
  bytes: number;
  readonly bytesMax: number;
}

export interface LogSelection {
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** At most so many of the newest lines. */
  readonly tail?: number | undefined;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** The log of one service: a bounded buffer, its files, and those who follow it. */
export class ServiceLog {
  readonly #files: LogFiles;
  readonly #budget: BufferBudget;
  readonly #bufferBytesMax: number;
  readonly #waiting = new Set<() => void>();
  #buffer: string[] = [];
  #bufferBytes = 0;
  #dropped = 0;
  #dropReason = "";
  #writing: Promise<void>;
  #removed: boolean = false;

  /** `ready`: settles when the folder may be used. */
  constructor(
    folder: string,
    limits: RotationLimits,
    bufferBytesMax: number,
    budget: BufferBudget,
    ready: Promise<void>,
  ) {
    this.#files = new LogFiles(folder, limits);
    this.#bufferBytesMax = bufferBytesMax;
    this.#budget = budget;
    this.#writing = ready;
  }

  get bufferBytes(): number {
    return this.#bufferBytes;
  }

  /** Takes lines into the buffer. Drops and counts what it cannot hold. */
  append(lines: readonly LogLine[]): void {
    for (const line of lines) {
      const text = encodeLine(line);
      const full =
        this.#bufferBytes + text.length > this.#bufferBytesMax ||
        this.#budget.bytes + text.length > this.#budget.bytesMax;
      if (full) {
        this.#drop(1, "they came faster than the disk takes them");
        continue;
      }
      this.#buffer.push(text);
      this.#bufferBytes += text.length;
      this.#budget.bytes += text.length;
    }
  }

  /** Writes the buffer. Never rejects: what the disk does not take is dropped and counted. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Lines, oldest first, in groups; with `follow` those to come, each once, until the signal or the removal. */
  async *read({ since, tail, follow, signal }: LogSelection): AsyncGenerator<readonly LogLine[], void, undefined> {
    await this.flush();
    let place = await this.#start(tail, since);
    while (!this.#removed) {
      for await (const { lines, next } of this.#from(place)) {
        place = next;
        const wanted = since === undefined ? lines : lines.filter((line) => Date.parse(line.at) >= since);
        if (wanted.length > 0) yield wanted;
        if (signal.aborted) return;
      }
      if (!follow || signal.aborted) return;
      if (samePlace(place, this.#files.end)) await this.#more(signal);
      if (signal.aborted) return;
    }
  }

  /** Deletes the files and ends the readers. */
  async remove(): Promise<void> {
    this.#removed = true;
    this.#takeBuffer();
    await this.#writing;
    try {
      await this.#files.remove();
    } finally {
      this.#wake();
    }
  }

  /** Runs one at a time, by {@link flush}. */
  async #write(): Promise<void> {
    const lines = this.#takeBuffer();
    if (this.#removed) return;
    const dropped = this.#dropped;
    try {
      await this.#files.load();
      if (lines.length === 0 && dropped === 0) return;
      const notice = `${dropped} lines are missing here: ${this.#dropReason}`;
      const texts = dropped === 0 ? lines : [encodeLine(noticeLine(notice)), ...lines];
      await this.#files.append(Buffer.from(texts.join("")));
      this.#dropped -= dropped;
      this.#wake();
    } catch (error) {
      const code = systemCode(error);
      const full = code === "ENOSPC" || code === "EDQUOT";
      this.#drop(lines.length, full ? "the disk was full" : `they could not be written (${code ?? error})`);
    }
  }

  #drop(count: number, reason: string): void {
    this.#dropped += count;
    this.#dropReason = reason;
  }

  #takeBuffer(): string[] {
    const lines = this.#buffer;
    this.#buffer = [];
    this.#budget.bytes -= this.#bufferBytes;
    this.#bufferBytes = 0;
    return lines;
  }

  async #start(tail: number | undefined, since: number | undefined): Promise<LogPlace> {
    if (tail !== undefined) return placeOfTail(this.#files, tail);
    if (since !== undefined) return placeOfTime(this.#files, since);
    return { file: this.#files.numbers[0] ?? 0, offset: 0 };
  }

  /** What is written from a place on, up to the end as it is now. Every step gives the place to go on from. */
  async *#from(start: LogPlace): AsyncGenerator<{ lines: readonly LogLine[]; next: LogPlace }, void, undefined> {
    for (let { file, offset } = start; ; offset = 0) {
      const end = this.#files.end;
      {
        await using handle = await this.#files.open(file);
        if (handle === undefined && file > 0) {
          const notice = noticeLine("lines are missing here: they were dropped before they were read");
          yield { lines: [notice], next: { file, offset } };
        }
        const size = file === end.file ? end.offset : ((await handle?.stat())?.size ?? 0);
        if (handle !== undefined) yield* linesOf(handle, { file, offset }, size);
      }
      // A file that was the newest may have grown since: the next call reads the rest of it before it goes on.
      const next = this.#files.numbers.find((number) => number > file);
      if (file === end.file || next === undefined) return;
      yield { lines: [], next: { file: next, offset: 0 } };
      file = next;
    }
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
      if (signal.aborted || this.#removed) wake();
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** The lines of one file from a place to its end at `size`, by the block. */
async function* linesOf(
  handle: FileHandle,
  { file, offset: start }: LogPlace,
  size: number,
): AsyncGenerator<{ lines: readonly LogLine[]; next: LogPlace }, void, undefined> {
  let offset = start;
  let block = Buffer.alloc(Math.min(blockBytes, Math.max(0, size - offset)));
  while (offset < size) {
    const { bytesRead } = await handle.read(block, 0, Math.min(block.length, size - offset), offset);
    if (bytesRead === 0) return;
    const whole = block.subarray(0, bytesRead).lastIndexOf(lineEnd) + 1;
    if (whole > 0) {
      offset += whole;
      yield { lines: decodeLines(block.subarray(0, whole)), next: { file, offset } };
    } else if (bytesRead < block.length || bytesRead === size - offset) {
      return;
    } else {
      // A line that is longer than the block.
      block = Buffer.alloc(block.length * 2);
    }
  }
}

function samePlace(a: LogPlace, b: LogPlace): boolean {
  return a.file === b.file && a.offset === b.offset;
}
