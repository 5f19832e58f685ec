import { StringDecoder } from "node:string_decoder";
import { Flow } from "../base/flow.ts";
import { LogAllowances } from "./log-allowance.ts";
import type { LogEntry } from "./protocol.ts";

/** A longer line is cut into pieces. */
const lineCharsMax = 16 * 1024;
const linePieces = new RegExp(`.{1,${lineCharsMax}}`, "gsu");
/** What waits for a daemon, over all services of a worker; the oldest go first. */
const waitingCharsMax = 4 * 1024 * 1024;
/** The newest lines of each service, for the error of a deploy that failed. */
const tailLines = 20;
const flushAfterMs = 20;
const batchCharsMax = 256 * 1024;
/** What a line costs besides its text. */
const lineChars = 100;
/** What is made into lines at a time: in the worst case each byte is one. */
const pieceBytes = 4 * 1024;

/** Takes entries; false when it cannot take them now. */
export type LogSink = (service: string, entries: LogEntry[]) => boolean;

/**
 * Collects what guests print, line by line, and passes it on in batches. While no daemon listens the newest lines are kept,
 * so that the next one gets them; how many were lost is said in their place.
 */
export class GuestLog {
  readonly #sink: LogSink;
  readonly #waiting = new Map<string, { entries: LogEntry[]; lost: number }>();
  readonly #tails = new Map<string, string[]>();
  readonly #allowances = new LogAllowances();
  /** Streams of services that printed more than they may. */
  readonly #held = new Set<() => void>();
  #heldTimer: NodeJS.Timeout | undefined;
  readonly #piece: Buffer = Buffer.allocUnsafe(pieceBytes);
  #chars = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /**
   * One stream of one instance. A guest that prints more than it may waits: what it prints is not lost, and costs its
   * neighbours little.
   */
  stream(service: string, revision: number, stream: "stdout" | "stderr"): Flow {
    const flow = new Flow();
    const decoder = new StringDecoder("utf8");
    let rest = "";
    const take = (text: string): void => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() as string;
      while (rest.length > lineCharsMax || (flow.finished && rest !== "")) {
        lines.push(rest.slice(0, lineCharsMax));
        rest = rest.slice(lineCharsMax);
      }
      for (const line of lines) this.add(service, revision, stream, line.endsWith("\r") ? line.slice(0, -1) : line);
      this.#allowances.spend(service, text.length + lines.length * lineChars, performance.now());
    };
    let draining = false;
    const drain = (): void => {
      // Room that reading makes may have the writer push more, and so call this again.
      if (draining) return;
      draining = true;
      while (flow.bytes > 0 && this.#allowances.allows(service, performance.now())) {
        take(decoder.write(this.#piece.subarray(0, flow.read(this.#piece))));
      }
      draining = false;
      if (flow.bytes > 0) this.#hold(drain);
      else if (flow.finished) take(decoder.end());
    };
    flow.onReadable = drain;
    return flow;
  }

  /** One line, at most `lineCharsMax` of it. */
  add(service: string, revision: number, stream: LogEntry["stream"], text: string): void {
    const entry = { at: Date.now(), stream, revision, text: text.slice(0, lineCharsMax) };
    if (stream === "stdout" || stream === "stderr") this.#keep(service, entry.text);
    const waiting = this.#waiting.get(service) ?? { entries: [], lost: 0 };
    this.#waiting.set(service, waiting);
    waiting.entries.push(entry);
    this.#chars += entry.text.length + lineChars;
    if (this.#chars > waitingCharsMax) this.#dropOldest(waiting);
    this.#timer ??= setTimeout(() => this.flush(), flushAfterMs);
  }

  /**
   * What a service says by a call that cannot wait, which may be several lines. False when it has said more than it may: then
   * it is lost.
   */
  message(service: string, revision: number, text: string): boolean {
    const now = performance.now();
    if (!this.#allowances.allows(service, now)) return false;
    const lines = text.split("\n").flatMap((line) => line.match(linePieces) ?? [""]);
    for (const line of lines) this.add(service, revision, "stderr", line);
    this.#allowances.spend(service, text.length + lines.length * lineChars, now);
    return true;
  }

  #keep(service: string, text: string): void {
    const tail = this.#tails.get(service) ?? [];
    this.#tails.set(service, tail);
    tail.push(text);
    if (tail.length > tailLines) tail.shift();
  }

  /** The newest lines that a service printed, oldest first. */
  tail(service: string): string[] {
    return [...(this.#tails.get(service) ?? [])];
  }

  /** Forgets the lines kept for {@link tail}. */
  forget(service: string): void {
    this.#tails.delete(service);
    this.#allowances.forget(service);
  }

  /** Tries to hand over all that waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [service, waiting] of this.#waiting) {
      const [first] = waiting.entries;
      if (waiting.lost > 0 && first !== undefined) {
        if (!this.#sink(service, [{ ...first, stream: "warren", text: `${waiting.lost} lines were lost` }])) return;
        waiting.lost = 0;
      }
      while (waiting.entries.length > 0) {
        const count = batchLength(waiting.entries);
        if (!this.#sink(service, waiting.entries.slice(0, count))) return;
        for (const entry of waiting.entries.splice(0, count)) this.#chars -= entry.text.length + lineChars;
      }
      this.#waiting.delete(service);
    }
  }

  #hold(drain: () => void): void {
    this.#held.add(drain);
    this.#heldTimer ??= setTimeout(() => {
      this.#heldTimer = undefined;
      const held = [...this.#held];
      this.#held.clear();
      for (const drain of held) drain();
    }, flushAfterMs);
  }

  /** The service that waits with most gives up its older half: a flood costs its author, not the neighbours. */
  #dropOldest(candidate: { entries: LogEntry[]; lost: number }): void {
    let most = candidate;
    for (const waiting of this.#waiting.values()) if (waiting.entries.length > most.entries.length) most = waiting;
    const dropped = most.entries.splice(0, Math.ceil(most.entries.length / 2));
    most.lost += dropped.length;
    for (const entry of dropped) this.#chars -= entry.text.length + lineChars;
  }
}

/** How many of the entries go together: JSON may take six bytes for a character, and the other side takes lines of 4 MiB. */
function batchLength(entries: readonly LogEntry[]): number {
  let chars = 0;
  let count = 0;
  for (const { text } of entries) {
    chars += text.length + lineChars;
    if (count > 0 && chars > batchCharsMax) break;
    count++;
  }
  return count;
}
