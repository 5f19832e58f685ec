import type { Activity, RequestTarget, TargetRequest, TargetResponse } from "../target.ts";
import { EncodedBody } from "./encoded-body.ts";
import { planEncoding } from "./encoding-plan.ts";

/** Answers that are being compressed at a time; the others go as they are. Each holds an encoder's memory (encoder.ts). */
const bodiesMax = 32;
/** Of libuv's four threads, which files need as well. */
const turnsMax = 2;

/** Compresses answers of routes that ask for it, within what one worker spends on that. */
export class Compression {
  #bodies = 0;
  #turns = 0;
  #waiting: (() => void)[] = [];

  /** Bodies that are being compressed. */
  get active(): number {
    return this.#bodies;
  }

  /** The target with its answers compressed where the client accepts it. */
  of(target: RequestTarget): RequestTarget {
    return new CompressedTarget(target, this);
  }

  encode(request: TargetRequest, response: TargetResponse): TargetResponse {
    const { coding, headers, plainHeaders, length } = planEncoding(request, response);
    // To HEAD there is no body, but the head is that of a GET (RFC 9110 §9.3.2).
    if (coding === undefined || request.method === "HEAD") return { ...response, headers };
    if (this.#bodies >= bodiesMax) return { ...response, headers: plainHeaders };
    this.#bodies++;
    const { output } = new EncodedBody(response.body, {
      coding,
      prompt: length < 0,
      turn: (work) => this.#turn(work),
      onDone: () => this.#bodies--,
    });
    const { giveBack: _, ...rest } = response;
    return { ...rest, headers, body: output };
  }

  #turn(work: (done: () => void) => void): void {
    if (this.#turns >= turnsMax) {
      this.#waiting.push(() => this.#turn(work));
      return;
    }
    this.#turns++;
    work(() => {
      this.#turns--;
      this.#waiting.shift()?.();
    });
  }
}

class CompressedTarget implements RequestTarget {
  readonly kind = "request";
  readonly #target: RequestTarget;
  readonly #compression: Compression;

  constructor(target: RequestTarget, compression: Compression) {
    this.#target = target;
    this.#compression = compression;
  }

  get activity(): Activity {
    return this.#target.activity;
  }

  get streaming(): boolean {
    return this.#target.streaming === true;
  }

  async handle(request: TargetRequest): Promise<TargetResponse> {
    return this.#compression.encode(request, await this.#target.handle(request));
  }
}
