import { rateCell } from "../../base/rate-page.ts";
import { clientKey } from "./client-key.ts";
import { ClientRates } from "./client-rates.ts";
import { Bucket, type Rate } from "./rate.ts";

/** What bounds the requests of one service. Absent is unbounded. */
export interface LimitTerms {
  /** Of one request. */
  readonly bodyBytesMax?: number;
  /** Requests, TCP connections and datagrams that are taken. */
  readonly rate?: Rate;
  /** HTTP requests in hand, WebSockets and TCP connections at a time. */
  readonly connections?: number;
  /** The same for each client: see {@link clientKey}. */
  readonly client?: { readonly rate?: Rate; readonly connections?: number };
}

/** Which limit said no. */
export type RefusedBy = "rate" | "connections" | "client.rate" | "client.connections";

export interface Refusal {
  readonly by: RefusedBy;
  /** When it may be worth trying again. Milliseconds, from now. */
  readonly retryMs: number;
}

/** How soon somebody may have gone. */
const connectionRetryMs = 1000;

/** What the clients of one service have drawn and hold, as far as this process sees it. Times are milliseconds of one clock. */
export class ServiceLimits {
  readonly #terms: LimitTerms;
  readonly #bucket: Bucket | undefined;
  readonly #clientRates: ClientRates | undefined;
  /** Only clients that hold one, so that there are never more than connections. */
  readonly #held = new Map<string, number>();
  /** As base/rate-page.ts; where nobody else looks, its first cell. */
  readonly #rates: Float64Array;
  #connections = 0;

  /**
   * `seed`: 32 secret bits. `shared`: where other processes draw on the same rates, as base/rate-page.ts; then its seed
   * counts. Two that draw at the same moment may both have one draw.
   */
  constructor(terms: LimitTerms, seed: number, shared?: Float64Array) {
    this.#terms = terms;
    this.#rates = shared ?? new Float64Array(1);
    this.#bucket = terms.rate && new Bucket(terms.rate);
    const table =
      shared === undefined ? { seed } : { seed: shared[rateCell.seed]!, cells: shared.subarray(rateCell.clients) };
    this.#clientRates = terms.client?.rate && new ClientRates(terms.client.rate, table);
  }

  /** Takes a request or connection in hand, until {@link release}; or says why not, and then nothing has been drawn for the service. */
  admit(ip: string, now: number): Refusal | undefined {
    const { connections, client } = this.#terms;
    const key = client === undefined ? "" : clientKey(ip);
    const held = client?.connections === undefined ? 0 : (this.#held.get(key) ?? 0);
    if (client?.connections !== undefined && held >= client.connections)
      return { by: "client.connections", retryMs: connectionRetryMs };
    if (connections !== undefined && this.#connections >= connections)
      return { by: "connections", retryMs: connectionRetryMs };
    const refusal = this.draw(ip, now, key);
    if (refusal !== undefined) return refusal;
    this.#connections++;
    if (client?.connections !== undefined) this.#held.set(key, held + 1);
    return undefined;
  }

  /** What was admitted is over. */
  release(ip: string): void {
    this.#connections--;
    const { client } = this.#terms;
    if (client?.connections === undefined) return;
    const key = clientKey(ip);
    const held = this.#held.get(key) ?? 0;
    if (held > 1) this.#held.set(key, held - 1);
    else this.#held.delete(key);
  }

  /** By the rates alone: of a datagram, which nobody holds. */
  draw(ip: string, now: number, key: string = clientKey(ip)): Refusal | undefined {
    // First the client's: what is refused to one takes nothing from the others.
    const clientWaitMs = this.#clientRates?.draw(key, now) ?? 0;
    if (clientWaitMs > 0) return { by: "client.rate", retryMs: clientWaitMs };
    if (this.#bucket === undefined) return undefined;
    const fullAt = this.#rates[rateCell.fullAt]!;
    const waitMs = this.#bucket.waitMs(fullAt, now);
    if (waitMs > 0) return { by: "rate", retryMs: waitMs };
    this.#rates[rateCell.fullAt] = this.#bucket.drawn(fullAt, now);
    return undefined;
  }

  /** The most bytes that the body of one request may have. */
  get bodyBytesMax(): number {
    return this.#terms.bodyBytesMax ?? Number.POSITIVE_INFINITY;
  }

  /** In hand now. */
  get connections(): number {
    return this.#connections;
  }
}
