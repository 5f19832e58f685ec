import type { ServicePolicy } from "../service-policy.ts";
import type { Activity, RequestTarget, StreamTarget, TargetRequest, TargetResponse } from "../target.ts";
import type { Swept, Ticker } from "../ticker.ts";
import type { UpstreamPool } from "../upstream.ts";
import type { HttpLimits } from "./limits.ts";
import { ResponseHead } from "./response-head.ts";
import { StreamRequest } from "./stream-request.ts";

/** Parsers kept for later. */
const parsersMax = 64;

/** A guest that listens and speaks HTTP/1.1, in the form of one that is called for each request. */
export class StreamHandler implements RequestTarget, Swept {
  readonly kind = "request";
  readonly target: StreamTarget;
  readonly pool: UpstreamPool;
  readonly limits: HttpLimits;
  readonly ticker: Ticker;
  readonly #parsers: ResponseHead[] = [];
  readonly #waiting = new Set<StreamRequest>();

  constructor(target: StreamTarget, pool: UpstreamPool, limits: HttpLimits, ticker: Ticker) {
    this.target = target;
    this.pool = pool;
    this.limits = limits;
    this.ticker = ticker;
  }

  get policy(): ServicePolicy | undefined {
    return this.target.policy;
  }

  get activity(): Activity {
    return this.target.activity;
  }

  handle(request: TargetRequest): Promise<TargetResponse> {
    return new StreamRequest(this, request).answer;
  }

  /** To be returned after the head: a parser has tables of its own, and costs as much as the rest of a request. */
  takeParser(): ResponseHead {
    return this.#parsers.pop() ?? new ResponseHead(this.limits);
  }
  returnParser(parser: ResponseHead): void {
    if (this.#parsers.length < parsersMax) this.#parsers.push(parser);
  }

  /** A request waits for its answer, or no more. */
  waits(request: StreamRequest): void {
    if (this.#waiting.size === 0) this.ticker.add(this);
    this.#waiting.add(request);
  }
  answered(request: StreamRequest): void {
    if (this.#waiting.delete(request) && this.#waiting.size === 0) this.ticker.remove(this);
  }

  sweep(now: number): void {
    for (const request of this.#waiting) request.sweep(now);
  }
}
