import { type AccessFormat, type AccessRecord, accessLine } from "./record.ts";

/** What the access log of one service may write at once, and each second: a flood of requests must not become one of the disk. */
const burstCharsMax = 1024 * 1024;
const charsPerMsMax = 1024;
const tellEveryMs = 1000;

export interface AccessTerms {
  readonly format: AccessFormat;
  /** The part of the requests that is told of, from 0 to 1. */
  readonly sample: number;
}

export interface AccessLogOptions {
  readonly terms: AccessTerms;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  write(line: string): void;
  /** Something about the log itself. */
  tell(message: string): void;
}

/** The access log of one service: which requests are told of, and no more of them than the disk may be asked to take. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  #charsLeft = burstCharsMax;
  #at = 0;
  #lost = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  /** Whether the next request is to be told of. */
  sampled(): boolean {
    const { terms, random } = this.#options;
    return terms.sample >= 1 || random() < terms.sample;
  }

  /** `now`: milliseconds of a clock that never goes back. */
  add(record: AccessRecord, now: number): void {
    this.#charsLeft = Math.min(burstCharsMax, this.#charsLeft + (now - this.#at) * charsPerMsMax);
    this.#at = now;
    if (this.#charsLeft > 0) {
      const line = accessLine(record, this.#options.terms.format);
      this.#charsLeft -= line.length;
      this.#options.write(line);
    } else {
      this.#lost++;
    }
    if (this.#lost === 0 || now - this.#toldAt < tellEveryMs) return;
    this.#options.tell(`${this.#lost} lines of the access log were left out: more than 1 MiB a second`);
    this.#toldAt = now;
    this.#lost = 0;
  }
}
