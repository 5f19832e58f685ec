import type { CpuShare } from "./cpu-share.ts";

/** What guests may run in one turn of the event loop before sockets and timers have theirs; the last may go over it by a slice. */
const turnMsMax = 2;

/**
 * How far ahead of others a service may be and yet go before them when an event woke its guest: by a slice or so, or one that uses little would
 * wait for each of many that spin. Milliseconds by weight.
 */
const leadMs = 3;

interface Waiting {
  readonly share: CpuShare;
  readonly go: () => void;
  readonly leadMs: number;
}

/**
 * Decides which guest of a worker goes on next: the one whose service has used least of the CPU by weight, whether an event
 * woke it or its slice was over. Those that an event woke are looked at first, all of them, so that a guest that spins
 * never goes before one that has a request to answer and used less. Once guests have run for {@link turnMsMax} in a turn
 * of the event loop, the rest waits for the next turn.
 *
 * A guest that is let go runs in the microtasks that follow, so each has a callback of its own: there is one for each look
 * and for each guest that waits.
 */
export class CpuScheduler {
  readonly #waiting: Waiting[] = [];
  #looks: (() => void)[] = [];
  /** What the service that was let go last had used then: who has used less, because it is new or rested, starts from there. */
  #least = 0;
  #turnMs = 0;
  #turnBegan: boolean = false;

  /** Calls `look`, which may {@link admit}, once the events of this turn of the event loop are through. */
  soon(look: () => void): void {
    this.#looks.push(look);
    setImmediate(this.#step);
  }

  /** To be called from a look: runs `go` when the share may run. */
  admit(share: CpuShare, go: () => void): void {
    this.#add({ share, go, leadMs });
  }

  /** Runs `go` in its turn: that of a guest whose slice is over, or that begins. */
  enqueue(share: CpuShare, go: () => void): void {
    this.#add({ share, go, leadMs: 0 });
    setImmediate(this.#step);
  }

  /** A guest of the share has run for so long, up to `now`. Milliseconds. */
  ran(share: CpuShare, ms: number, now: number): void {
    this.#turnMs += ms;
    share.charge(ms, now);
  }

  #add(waiting: Waiting): void {
    const { share } = waiting;
    share.virtualMs = Math.max(share.virtualMs, this.#least);
    this.#waiting.push(waiting);
  }

  readonly #step = (): void => {
    if (!this.#turnBegan) {
      // The first of this turn, so that it is the first of the next one.
      this.#turnBegan = true;
      setImmediate(this.#endTurn);
    }
    const looks = this.#looks;
    if (looks.length > 0) {
      this.#looks = [];
      for (const look of looks) look();
    }
    if (this.#waiting.length === 0) return;
    if (this.#turnMs >= turnMsMax) {
      setImmediate(this.#step);
      return;
    }
    const next = this.#take();
    const heldMs = next.share.heldMs(performance.now());
    if (heldMs > 0) {
      next.share.holdUp();
      setTimeout(() => this.enqueue(next.share, next.go), heldMs);
      return;
    }
    this.#least = Math.max(this.#least, rank(next));
    next.go();
  };

  readonly #endTurn = (): void => {
    this.#turnBegan = false;
    this.#turnMs = 0;
  };

  /** The waiting guest whose service has used least; of one service the one that has waited longest. */
  #take(): Waiting {
    const waiting = this.#waiting;
    let best = 0;
    for (let i = 1; i < waiting.length; i++) if (rank(waiting[i]!) < rank(waiting[best]!)) best = i;
    return waiting.splice(best, 1)[0]!;
  }
}

function rank({ share, leadMs }: Waiting): number {
  return share.virtualMs - leadMs;
}
