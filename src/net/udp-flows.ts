import { ReplyBudget } from "./reply-budget.ts";

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
  /** The one longest unused first. */
  readonly flows = new Set<UdpFlow>();

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
  /** When it was last renewed in the order of use. */
  usedAt: number;
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
  /** Each with the one longest unused first. */
  readonly #young = new Set<UdpFlow<P>>();
  readonly #established = new Set<UdpFlow<P>>();

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
      this.#young.delete(flow);
      this.#established.add(flow);
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
      for (const flow of tier) {
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
      this.#end(first(source.flows) as UdpFlow<P>);
    else if (this.#flows.size >= this.#limits.flowsMax) this.#evict();
    // The last flow of the source itself may have gone just now.
    source = this.#sources.get(sourceKey) ?? new Source(sourceKey, now);
    this.#sources.set(sourceKey, source);
    const flow = new UdpFlow<P>(key, source, now);
    this.#flows.set(key, flow);
    source.flows.add(flow);
    this.#young.add(flow);
    return flow;
  }

  #evict(): void {
    const young = this.#young.size > this.#limits.flowsMax * newPart || this.#established.size === 0;
    this.#end(first(young ? this.#young : this.#established) as UdpFlow<P>);
  }

  #renew(flow: UdpFlow<P>, now: number): void {
    flow.usedAt = now;
    for (const order of [flow.state === "established" ? this.#established : this.#young, flow.source.flows]) {
      order.delete(flow);
      order.add(flow);
    }
  }

  #end(flow: UdpFlow<P>): void {
    flow.state = "ended";
    this.#flows.delete(flow.key);
    this.#young.delete(flow);
    this.#established.delete(flow);
    const { source } = flow;
    source.flows.delete(flow);
    if (source.flows.size === 0) this.#sources.delete(source.key);
    this.#onEnd(flow);
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const one of set) return one;
  return undefined;
}
