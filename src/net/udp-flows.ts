import { ReplyBudget } from "./reply-budget.ts";
import { Place, UseOrder } from "./use-order.ts";

export interface FlowLimits {
  /** Flows of one listener. */
  readonly flowsMax: number;
  /** Flows of one source: an IPv4 address, or an IPv6 network of 64 bits, in which its owner has as many addresses as he likes. */
  readonly perSourceMax: number;
  /** A flow is forgotten so long after its last datagram. RFC 4787 §4.3: two minutes at least. Milliseconds. */
  readonly idleMs: number;
}

export const flowLimits: FlowLimits = { flowsMax: 16_384, perSourceMax: 1024, idleMs: 120_000 };

/** A flow's place in the order of use is renewed this often at the most. */
const renewMs = 1000;
/** That part of the table is kept for flows that are new, however many others there are. */
const newPart = 1 / 4;

class Source {
  readonly key: string;
  readonly budget: ReplyBudget;
  readonly flows = new UseOrder<UdpFlow>();

  constructor(key: string, now: number) {
    this.key = key;
    this.budget = new ReplyBudget(now);
  }
}

/** What one sender and one of our addresses say to each other. `P` is what the owner keeps with it. */
export class UdpFlow<P = unknown> {
  readonly key: string;
  readonly source: Source;
  /** Set once, by the owner. */
  peer: P | undefined;
  /** When it was last renewed in both orders of use. */
  usedAt: number;
  readonly place: Place<UdpFlow<P>> = new Place(this);
  readonly placeInSource: Place<UdpFlow> = new Place(this as UdpFlow);
  /** `new`: nothing was sent back, or nothing came since. It says who is likely to stay, not that an address is real. */
  state: "new" | "answered" | "established" | "ended" = "new";

  constructor(key: string, source: Source, now: number) {
    this.key = key;
    this.source = source;
    this.usedAt = now;
  }
}

/**
 * The flows of a UDP listener, as a NAT has them: bounded, and forgotten when idle. When the table is full, those go first that
 * never went both ways, as a flood of forged senders, while they are more than a quarter; a source that has its fill loses its own.
 * Times are milliseconds of a monotonic clock.
 */
export class UdpFlows<P> {
  readonly #limits: FlowLimits;
  readonly #onEnd: (flow: UdpFlow<P>) => void;
  readonly #flows = new Map<string, UdpFlow<P>>();
  readonly #sources = new Map<string, Source>();
  readonly #young = new UseOrder<UdpFlow<P>>();
  readonly #established = new UseOrder<UdpFlow<P>>();

  constructor(onEnd: (flow: UdpFlow<P>) => void, limits: FlowLimits = flowLimits) {
    this.#onEnd = onEnd;
    this.#limits = limits;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** A datagram of so many bytes came: its flow, which is new where its `peer` is undefined. */
  received(key: string, sourceKey: () => string, bytes: number, now: number): UdpFlow<P> {
    const flow = this.#flows.get(key) ?? this.#begin(key, sourceKey(), now);
    if (flow.state === "answered") {
      this.#young.remove(flow.place);
      this.#established.add(flow.place);
      flow.state = "established";
    }
    if (now - flow.usedAt >= renewMs) this.#renew(flow, now);
    flow.source.budget.received(bytes, now);
    return flow;
  }

  /** Whether a reply of so many bytes may go out, which then counts as sent. `bounded` by {@link ReplyBudget}. */
  spend(flow: UdpFlow<P>, bytes: number, now: number, bounded: boolean): boolean {
    if (flow.state === "ended" || (bounded && !flow.source.budget.spend(bytes, now))) return false;
    if (flow.state === "new") flow.state = "answered";
    return true;
  }

  /** Forgets those that are idle. */
  sweep(now: number): void {
    for (const tier of [this.#young, this.#established]) {
      for (let flow = tier.first; flow !== undefined; flow = tier.first) {
        if (now - flow.usedAt < this.#limits.idleMs) break;
        this.#end(flow);
      }
    }
  }

  clear(): void {
    for (const flow of this.#flows.values()) this.#end(flow);
  }

  #begin(key: string, sourceKey: string, now: number): UdpFlow<P> {
    let source = this.#sources.get(sourceKey);
    if (source !== undefined && source.flows.size >= this.#limits.perSourceMax)
      this.#end(source.flows.first as UdpFlow<P>);
    else if (this.#flows.size >= this.#limits.flowsMax) this.#evict();
    // The last flow of the source itself may have gone just now.
    source = this.#sources.get(sourceKey) ?? new Source(sourceKey, now);
    this.#sources.set(sourceKey, source);
    const flow = new UdpFlow<P>(key, source, now);
    this.#flows.set(key, flow);
    source.flows.add(flow.placeInSource);
    this.#young.add(flow.place);
    return flow;
  }

  #evict(): void {
    const young = this.#young.size > this.#limits.flowsMax * newPart || this.#established.size === 0;
    const oldest = (young ? this.#young : this.#established).first;
    if (oldest !== undefined) this.#end(oldest);
  }

  #renew(flow: UdpFlow<P>, now: number): void {
    flow.usedAt = now;
    this.#tier(flow).renew(flow.place);
    flow.source.flows.renew(flow.placeInSource);
  }

  #tier({ state }: UdpFlow<P>): UseOrder<UdpFlow<P>> {
    return state === "established" ? this.#established : this.#young;
  }

  #end(flow: UdpFlow<P>): void {
    this.#tier(flow).remove(flow.place);
    flow.state = "ended";
    this.#flows.delete(flow.key);
    const { source } = flow;
    source.flows.remove(flow.placeInSource);
    if (source.flows.size === 0) this.#sources.delete(source.key);
    this.#onEnd(flow);
  }
}
