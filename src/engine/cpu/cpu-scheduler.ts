import type { CpuShare } from "./cpu-share.ts";

/** How far a service may be ahead of the one that waits longest before it has to queue behind it. Milliseconds. */
const leadMs = 4;

interface Waiting {
  readonly share: CpuShare;
  readonly go: () => void;
}

/**
 * Decides which guest of a worker goes on next. A guest that was stopped at the end of its slice waits here; one that was
 * woken by an event runs at once unless its service is ahead of one that waits. One guest is let go in each turn of the
 * event loop, so that sockets and timers are served between two slices.
 */
export class CpuScheduler {
  readonly #waiting: Waiting[] = [];
  #pumping: boolean = false;
  /** What the service that was let go last had used then: who has used less, because it is new or rested, starts from there. */
  #least = 0;

  /** Runs `go` when the share may run: now, or later. */
  admit(share: CpuShare, go: () => void): void {
    const now = performance.now();
    const heldMs = share.heldMs(now);
    if (heldMs > 0) {
      share.holdUp();
      setTimeout(() => this.admit(share, go), heldMs);
      return;
    }
    this.#level(share);
    if (this.#waiting.length > 0) {
      if (share.virtualMs > this.#first().share.virtualMs + leadMs) {
        this.enqueue(share, go);
        return;
      }
    } else {
      this.#least = share.virtualMs;
    }
    go();
  }

  /** Queues a guest whose slice is over. */
  enqueue(share: CpuShare, go: () => void): void {
    // A guest's first run asks nobody: the first slice of a new service ends here.
    this.#level(share);
    this.#waiting.push({ share, go });
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(this.#pump);
  }

  readonly #pump = (): void => {
    const next = this.#first();
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    this.#least = Math.max(this.#least, next.share.virtualMs);
    this.#pumping = this.#waiting.length > 0;
    if (this.#pumping) setImmediate(this.#pump);
    const heldMs = next.share.heldMs(performance.now());
    if (heldMs > 0) {
      next.share.holdUp();
      setTimeout(() => this.enqueue(next.share, next.go), heldMs);
    } else {
      next.go();
    }
  };

  /** Who was away has no claim to what it did not use. */
  #level(share: CpuShare): void {
    share.virtualMs = Math.max(share.virtualMs, this.#least);
  }

  /** The waiting guest whose service has used least; of one service the one that has waited longest. */
  #first(): Waiting {
    return this.#waiting.reduce((best, one) => (one.share.virtualMs < best.share.virtualMs ? one : best));
  }
}
