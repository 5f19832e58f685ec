import type { HttpLimits } from "../http1/limits.ts";
import type { ServicePolicy } from "../service-policy.ts";
import type { Activity, RequestTarget, StreamTarget, TargetRequest, TargetResponse } from "../target.ts";
import type { Swept, Ticker } from "../ticker.ts";
import { GuestRequest } from "./guest-request.ts";
import { GuestSession } from "./guest-session.ts";

/** As idle connections of HTTP/1 are kept. */
const idleMsMax = 30_000;

/** A guest that listens and speaks HTTP/2 with prior knowledge, in the form of one that is called for each request. */
export class Http2Guest implements RequestTarget, Swept {
  readonly kind = "request";
  readonly streaming = true;
  readonly target: StreamTarget;
  readonly limits: HttpLimits;
  readonly ticker: Ticker;
  readonly #sessions = new Set<GuestSession>();
  readonly #waiting = new Set<GuestRequest>();
  #connecting: Promise<GuestSession> | undefined;
  #swept: boolean = false;

  constructor(target: StreamTarget, limits: HttpLimits, ticker: Ticker) {
    this.target = target;
    this.limits = limits;
    this.ticker = ticker;
  }

  get activity(): Activity {
    return this.target.activity;
  }

  get policy(): ServicePolicy | undefined {
    return this.target.policy;
  }

  handle(request: TargetRequest): Promise<TargetResponse> {
    return new GuestRequest(this, request).answer;
  }

  /** A session that takes another request. Rejects as {@link StreamTarget.connect}. */
  session(request: TargetRequest): GuestSession | Promise<GuestSession> {
    for (const session of this.#sessions) if (session.free) return session;
    // Whoever asks meanwhile waits for the same.
    this.#connecting ??= this.#connect(request).finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** A request waits for its answer, or no more. */
  waits(request: GuestRequest): void {
    this.#waiting.add(request);
    this.#sweepLater();
  }
  answered(request: GuestRequest): void {
    this.#waiting.delete(request);
  }

  /** Closes the sessions, each after its last request, so that the guest can end. */
  retire(): void {
    for (const session of this.#sessions) session.retire();
  }

  sweep(now: number): void {
    for (const request of this.#waiting) request.sweep(now);
    for (const session of this.#sessions)
      if (session.active === 0 && now - session.idleSince > idleMsMax) session.retire();
    if (this.#sessions.size > 0 || this.#waiting.size > 0) return;
    this.#swept = false;
    this.ticker.remove(this);
  }

  async #connect({ client }: TargetRequest): Promise<GuestSession> {
    const conduit = await this.target.connect(client);
    const session = new GuestSession(
      conduit,
      this.limits,
      () => this.ticker.now,
      () => this.#sessions.delete(session),
    );
    this.#sessions.add(session);
    this.#sweepLater();
    return session;
  }

  #sweepLater(): void {
    if (this.#swept) return;
    this.#swept = true;
    this.ticker.add(this);
  }
}
