/** Whole numbers of 32 bits in a row that grows, without an object for each. */
export class IntList {
  items: Int32Array;
  length = 0;

  constructor(capacity: number) {
    this.items = new Int32Array(Math.max(capacity, 16));
  }

  push(value: number): void {
    if (this.length === this.items.length) this.#grow();
    this.items[this.length++] = value;
  }

  /** What is read over and over: one event of a scan. */
  push5(a: number, b: number, c: number, d: number, e: number): void {
    if (this.length + 5 > this.items.length) this.#grow();
    const { items } = this;
    let { length } = this;
    items[length++] = a;
    items[length++] = b;
    items[length++] = c;
    items[length++] = d;
    items[length++] = e;
    this.length = length;
  }

  /** Puts bits into what is there. */
  mark(index: number, bits: number): void {
    this.items[index]! |= bits;
  }

  #grow(): void {
    const items = new Int32Array(this.items.length * 2);
    items.set(this.items);
    this.items = items;
  }
}
