import { trap } from "./trap.ts";

/** How many of the small objects a guest makes the host hold that are no descriptors: streams, pollables and the like. */
export class ResourceCount {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get held(): number {
    return this.#held;
  }

  /** Before one more is made. Traps when there are too many: those who make them have no way to fail. */
  add(): void {
    if (this.#held >= this.#max) trap(`the guest holds ${this.#max} streams and pollables, which is the limit`);
    this.#held++;
  }

  remove(): void {
    this.#held--;
  }
}
