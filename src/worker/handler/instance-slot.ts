import type { HandlerExchange } from "./exchange.ts";
import type { PooledInstance } from "./pooled-instance.ts";

/** An instance in the pool, and what it is at. */
export class InstanceSlot {
  readonly instance: PooledInstance;
  readonly returned: () => void;
  readonly failed: (error: unknown) => void;
  exchange: HandlerExchange | undefined;
  /** performance.now() when it last became idle. */
  idleSince = 0;
  /** The instance's CPU time when its request began. */
  cpuMsBefore = 0;
  dead: boolean = false;

  constructor(
    instance: PooledInstance,
    onReturned: (slot: InstanceSlot) => void,
    onFailed: (slot: InstanceSlot, error: unknown) => void,
  ) {
    this.instance = instance;
    // Made once: a request needs no functions of its own.
    this.returned = () => onReturned(this);
    this.failed = (error) => onFailed(this, error);
  }

  /** CPU time of the present request. Milliseconds. */
  get cpuMs(): number {
    return this.instance.cpuMs - this.cpuMsBefore;
  }
}
