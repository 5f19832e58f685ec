import { type Frame, FrameMeter, frameFlag, frameType } from "./frame-meter.ts";

/**
 * What one connection may cost beyond its requests. Frames that make work and carry nothing are paid for from a purse that
 * fills with time, and with what the connection usefully carries.
 */
export const floodLimits = { purseMax: 10_000, perSecond: 1000 } as const;

// What a frame costs. A reset is the dearest: the request behind it may have been begun (CVE-2023-44487), and one that the
// client makes us send, by a frame that is wrong, costs the same as its own (CVE-2025-8671).
const resetCost = 20;
const settingsCost = 20;
const continuationCost = 5;
const unknownCost = 5;
const controlCost = 2;
const windowCost = 1;
/** A client that opens its window by less than this at a time has us send crumbs, each in a frame of its own. */
const incrementMin = 64;
const wordBits = 24;

export interface FloodGuardOptions {
  /** Bytes before the other side's first frame: a client's preface. */
  readonly skipIn: number;
  /** And before ours. */
  readonly skipOut: number;
  /** Resets cost nothing. */
  readonly resetsFree?: boolean;
  /** The time, coarse, milliseconds. */
  now(): number;
  /** Once, when the purse is empty. `what` names the frames that emptied it. */
  onFlood(what: string): void;
  /** Bytes of a body went out on a stream. */
  onData?(stream: number): void;
}

/** Watches both directions of one connection for floods of frames. */
export class FloodGuard {
  readonly #options: FloodGuardOptions;
  readonly #in: FrameMeter;
  readonly #out: FrameMeter;
  #purse: number = floodLimits.purseMax;
  #filledAt: number;
  #flooded: boolean = false;
  #partialSince: number | undefined;
  /** Of the last frame that began. */
  #type = 0;
  /** A head whose last frame has not come. */
  #inBlock: boolean = false;
  /** Something useful went out since the last ping: those that measure the way are free (grpc-go sends one with each answer). */
  #mayPing: boolean = true;

  constructor(options: FloodGuardOptions) {
    this.#options = options;
    this.#filledAt = options.now();
    this.#in = new FrameMeter(options.skipIn, (frame) => this.#onIn(frame));
    this.#out = new FrameMeter(options.skipOut, (frame) => this.#onOut(frame));
  }

  get flooded(): boolean {
    return this.#flooded;
  }

  /** Since when the other side has been sending one head or one frame that is no body; undefined when it is not. */
  get partialSince(): number | undefined {
    return this.#partialSince;
  }

  received(bytes: Uint8Array): void {
    this.#in.push(bytes);
    const partial = this.#inBlock || this.#in.withinHead || (this.#in.withinPayload && this.#type !== frameType.data);
    if (partial) this.#partialSince ??= this.#options.now();
    else this.#partialSince = undefined;
  }

  sent(bytes: Uint8Array): void {
    this.#out.push(bytes);
  }

  #onIn(frame: Readonly<Frame>): void {
    // Each frame has its own time, each head has one for all of its frames.
    if (!this.#inBlock) this.#partialSince = undefined;
    this.#type = frame.type;
    switch (frame.type) {
      case frameType.data:
        if ((frame.flags & frameFlag.endStream) === 0 && isEmpty(frame)) this.#spend(controlCost, "empty DATA");
        return;
      case frameType.headers:
        this.#inBlock = (frame.flags & frameFlag.endHeaders) === 0;
        if (this.#inBlock) this.#spend(continuationCost, "HEADERS");
        return;
      case frameType.continuation:
        if ((frame.flags & frameFlag.endHeaders) !== 0) this.#inBlock = false;
        this.#spend(continuationCost, "CONTINUATION");
        return;
      case frameType.rstStream:
        if (this.#options.resetsFree !== true) this.#spend(resetCost, "RST_STREAM");
        return;
      case frameType.settings:
        this.#spend((frame.flags & frameFlag.ack) === 0 ? settingsCost : controlCost, "SETTINGS");
        return;
      case frameType.ping:
        if (this.#mayPing) this.#mayPing = false;
        else this.#spend(controlCost, "PING");
        return;
      case frameType.windowUpdate:
        this.#spend(frame.word < incrementMin ? controlCost : windowCost, "WINDOW_UPDATE");
        return;
      case frameType.priority:
        this.#spend(controlCost, "PRIORITY");
        return;
      default:
        this.#spend(unknownCost, "other frames");
    }
  }

  #onOut(frame: Readonly<Frame>): void {
    switch (frame.type) {
      case frameType.data:
        if (frame.length === 0) return;
        this.#mayPing = true;
        // As many updates of windows as the most eager of clients sends: two for each 4 KiB (Go), and one for the frame.
        this.#earn(1 + (frame.length >> 10));
        this.#options.onData?.(frame.stream);
        return;
      case frameType.headers:
        this.#mayPing = true;
        this.#earn(controlCost);
        return;
      case frameType.rstStream:
        // NO_ERROR follows an answer that did not need all of its request (RFC 9113 §8.1): nothing was wasted.
        if (frame.word !== 0 && this.#options.resetsFree !== true) this.#spend(resetCost, "streams in error");
        return;
      default:
    }
  }

  #earn(units: number): void {
    this.#purse = Math.min(floodLimits.purseMax, this.#purse + units);
  }

  #spend(units: number, what: string): void {
    this.#purse -= units;
    if (this.#purse >= 0 || this.#flooded) return;
    const now = this.#options.now();
    this.#earn(((now - this.#filledAt) / 1000) * floodLimits.perSecond);
    this.#filledAt = now;
    if (this.#purse >= 0) return;
    this.#flooded = true;
    this.#options.onFlood(what);
  }
}

/** Without a byte of body, be it for padding. */
function isEmpty({ flags, length, word }: Readonly<Frame>): boolean {
  if (length === 0) return true;
  if ((flags & frameFlag.padded) === 0) return false;
  return length - 1 <= (length >= 4 ? word >>> wordBits : word >>> (8 * (length - 1)));
}
