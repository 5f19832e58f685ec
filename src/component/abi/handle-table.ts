import type { InstanceState } from "./instance-state.ts";

/** What {@link HandleTable.drop} gives for a borrow, whose owner is another. */
export const notOwned: unique symbol = Symbol("borrowed");

/** What a table held at some time. */
export interface KeptHandles {
  readonly values: readonly unknown[];
  readonly codes: readonly number[];
  readonly free: number;
  readonly live: number;
}

/** The code of a handle that owns a resource of this number; of one that borrows it, one more. 0 is none. */
export const ownCode = (resource: number): number => resource * 2 + 2;

/**
 * The handles of one component instance (CanonicalABI.md, Table State and Resource State). A value is the host's object for
 * a resource of the host's, the representation for one of a guest's. Indexes are given out as the standard says: the one
 * that was freed last comes first.
 */
export class HandleTable {
  readonly #state: InstanceState;
  readonly #max: number;
  /** By handle; of a free one, the next free. Index 0 is no handle: it is the first free one, or 0. */
  readonly #values: unknown[] = [0];
  /** By handle: {@link ownCode}, one more for a borrow, 0 when it is free. */
  readonly #codes: number[] = [0];
  /** By handle: how many borrows of it are out during the call that is being made. */
  readonly #lends: number[] = [0];
  readonly #lent: number[] = [];
  /** Owned values that were taken out for a call that has not begun, each with its code: theirs when it does not. */
  readonly #transit: unknown[] = [];
  #free = 0;
  #live = 0;
  /** Borrowed handles: the call that they were given to must leave none. */
  borrows = 0;

  constructor(state: InstanceState, max: number) {
    this.#state = state;
    this.#max = max;
  }

  get live(): number {
    return this.#live;
  }

  /** `code` is the {@link ownCode} of its resource. */
  add(value: unknown, code: number, where: number): number {
    let handle = this.#free;
    if (handle !== 0) {
      this.#free = this.#values[handle] as number;
      this.#values[handle] = value;
      this.#codes[handle] = code;
    } else {
      handle = this.#values.length;
      if (handle > this.#max) this.#state.trap(where, `the guest holds more than ${this.#max} handles`);
      this.#values.push(value);
      this.#codes.push(code);
      this.#lends.push(0);
    }
    this.#live++;
    return handle;
  }

  addBorrow(value: unknown, code: number, where: number): number {
    const handle = this.add(value, code + 1, where);
    this.borrows++;
    return handle;
  }

  /** The value of an own or a borrow. */
  get(handle: number, code: number, where: number): unknown {
    if (((this.#codes[handle] ?? 0) | 1) !== code + 1) this.#refuse(handle, where);
    return this.#values[handle];
  }

  /** As {@link get}; until {@link lendsOver} it can neither be dropped nor be given away. */
  lend(handle: number, code: number, where: number): unknown {
    const value = this.get(handle, code, where);
    this.#lends[handle]!++;
    this.#lent.push(handle);
    return value;
  }

  lendsOver(): void {
    for (let handle = this.#lent.pop(); handle !== undefined; handle = this.#lent.pop()) this.#lends[handle]!--;
  }

  /** Gives an owned value away. */
  take(handle: number, code: number, where: number): unknown {
    if (this.#codes[handle] !== code) this.#refuse(handle, where);
    return this.#remove(handle, where);
  }

  /** As {@link take}, for a call that may not come to be: until {@link arrived} it is dropped with the table. */
  send(handle: number, code: number, where: number): unknown {
    const value = this.take(handle, code, where);
    this.#transit.push(value, code);
    return value;
  }

  arrived(): void {
    this.#transit.length = 0;
  }

  /** Removes a handle; the value when it was owned, {@link notOwned} otherwise. */
  drop(handle: number, code: number, where: number): unknown {
    const found = this.#codes[handle] ?? 0;
    if ((found | 1) !== code + 1) this.#refuse(handle, where);
    const value = this.#remove(handle, where);
    if (found === code) return value;
    this.borrows--;
    return notOwned;
  }

  /** Whether it owns this value, in a handle or on its way. */
  has(value: unknown): boolean {
    return this.#values.includes(value) || this.#transit.includes(value);
  }

  /** What it holds now, to go back to by {@link restore}. Nothing may be lent or borrowed. */
  keep(): KeptHandles {
    return { values: [...this.#values], codes: [...this.#codes], free: this.#free, live: this.#live };
  }

  /**
   * Makes it as it was kept, and gives each owned value that came since with the number of its resource. False when one that was kept is gone:
   * then it is cleared of all that came since only.
   */
  restore(kept: KeptHandles, dropped: (resource: number, value: unknown) => void): boolean {
    const values = this.#values;
    const codes = this.#codes;
    const count = kept.codes.length;
    let whole = true;
    for (let handle = 1; handle < codes.length; handle++) {
      const code = codes[handle]!;
      const before = handle < count ? kept.codes[handle]! : 0;
      if (code !== before || (code !== 0 && values[handle] !== kept.values[handle])) {
        if (before !== 0) whole = false;
        if (code !== 0 && code % 2 === 0) dropped(code / 2 - 1, values[handle]);
      }
      if (handle >= count) continue;
      values[handle] = kept.values[handle];
      codes[handle] = before;
    }
    values.length = count;
    codes.length = count;
    this.#lends.length = count;
    if (this.#lent.length > 0) this.#lends.fill(0);
    this.#lent.length = 0;
    this.#free = kept.free;
    this.#live = kept.live;
    this.borrows = 0;
    return whole;
  }

  /** Whether something was on its way when the guest trapped. */
  get inTransit(): boolean {
    return this.#transit.length > 0;
  }

  /** Gives what was on its way in the same manner, and forgets it. */
  clearTransit(dropped: (resource: number, value: unknown) => void): void {
    const transit = this.#transit.splice(0);
    for (let index = 0; index < transit.length; index += 2)
      dropped((transit[index + 1] as number) / 2 - 1, transit[index]);
  }

  #remove(handle: number, where: number): unknown {
    if (this.#lends[handle] !== 0) this.#state.trap(where, `handle ${handle} is lent to this call`);
    const value = this.#values[handle];
    this.#values[handle] = this.#free;
    this.#codes[handle] = 0;
    this.#free = handle;
    this.#live--;
    return value;
  }

  #refuse(handle: number, where: number): never {
    const found = this.#codes[handle] ?? 0;
    if (found === 0 || handle === 0) return this.#state.trap(where, `there is no handle ${handle >>> 0}`);
    const why = found % 2 === 1 ? "is a borrow, or of another resource" : "is of another resource";
    return this.#state.trap(where, `handle ${handle >>> 0} ${why}`);
  }
}
