import { randomFillSync } from "node:crypto";

const idBytes = 16;
const poolIds = 256;

/**
 * Names of requests, 128 random bits each as 32 hexadecimal digits (the form of a trace id), drawn from a pool that is filled
 * 256 at a time: about 0.1 µs each.
 */
export class RequestIds {
  readonly #pool = Buffer.allocUnsafeSlow(poolIds * idBytes);
  #at = this.#pool.length;

  next(): string {
    if (this.#at === this.#pool.length) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += idBytes;
    return this.#pool.toString("hex", from, this.#at);
  }
}
