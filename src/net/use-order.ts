/** A value's place in a {@link UseOrder}; in one at a time. */
export class Place<T> {
  readonly value: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * Values in the order in which they were last used. A Set has such an order, too, but looking for its first steps over all those
 * that were taken away before it: thousands, when each that comes takes the place of the oldest.
 */
export class UseOrder<T> {
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one longest unused. */
  get first(): T | undefined {
    return this.#first?.value;
  }

  /** Puts what is in no order at the end. */
  add(place: Place<T>): void {
    place.before = this.#last;
    place.after = undefined;
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
    this.#size++;
  }

  /** Takes out what is in this order. */
  remove(place: Place<T>): void {
    const { before, after } = place;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    place.before = undefined;
    place.after = undefined;
    this.#size--;
  }

  /** What is in this order was used. */
  renew(place: Place<T>): void {
    this.remove(place);
    this.add(place);
  }
}
