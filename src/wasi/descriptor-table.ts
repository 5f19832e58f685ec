import { assert } from "../base/assert.ts";
import type { Descriptor } from "./descriptor.ts";
import { errno, type Result } from "./errno.ts";

const descriptorsMaxDefault = 1024;

export interface DescriptorTableOptions {
  /** How many descriptors may be open at once; 1024 when not given. */
  readonly descriptorsMax?: number;
  /** Called when the readiness of any descriptor may have changed. */
  readonly wake?: () => void;
}

/** A guest's open descriptors, by number. Numbers are given out lowest first, as POSIX asks of open(). */
export class DescriptorTable {
  readonly descriptorsMax: number;
  readonly #wake: (() => void) | undefined;
  readonly #slots: (Descriptor | undefined)[] = [];
  #size = 0;
  /** No number below this one is free. */
  #lowest = 0;
  #uses = 0;

  constructor({ descriptorsMax = descriptorsMaxDefault, wake }: DescriptorTableOptions = {}) {
    this.descriptorsMax = descriptorsMax;
    this.#wake = wake;
  }

  /** The descriptor of a number as the guest passed it: any 32-bit value. */
  get(fd: number): Descriptor | undefined {
    this.#uses++;
    return this.#slots[fd];
  }

  /** Its number, or -MFILE when the table is full; then the descriptor is still the caller's to close. */
  add(descriptor: Descriptor): Result {
    this.#uses++;
    let fd = this.#lowest;
    while (this.#slots[fd] !== undefined) fd++;
    this.#lowest = fd;
    if (fd >= this.descriptorsMax) return -errno.MFILE;
    this.#put(fd, descriptor);
    this.#lowest = fd + 1;
    return fd;
  }

  /** Whether {@link add} would find no room: to be asked before an effect that cannot be undone. */
  get full(): boolean {
    let fd = this.#lowest;
    while (this.#slots[fd] !== undefined) fd++;
    this.#lowest = fd;
    return fd >= this.descriptorsMax;
  }

  /** Grows with each look-up, and when a descriptor comes or goes. */
  get uses(): number {
    return this.#uses;
  }

  /** How many are open. */
  get size(): number {
    return this.#size;
  }

  close(fd: number): Result {
    this.#uses++;
    const descriptor = this.#take(fd);
    if (descriptor === undefined) return -errno.BADF;
    descriptor.close();
    return 0;
  }

  /** Closes `to` and gives its number to `from`. Both must be open (witx: fd_renumber). */
  renumber(from: number, to: number): Result {
    const old = this.#slots[to];
    if (this.#slots[from] === undefined || old === undefined) return -errno.BADF;
    if (from === to) return 0;
    const moved = this.#take(from);
    assert(moved !== undefined);
    this.#put(to, moved);
    old.wake = undefined;
    old.close();
    return 0;
  }

  /** Puts a descriptor in another's place, which is not closed. The number must be open. */
  replace(fd: number, descriptor: Descriptor): Descriptor {
    const old = this.#take(fd);
    assert(old !== undefined);
    this.#put(fd, descriptor);
    return old;
  }

  /** Exchanges what two open numbers mean. */
  swap(fd: number, other: number): Result {
    const moved = this.#slots[other];
    if (moved === undefined || this.#slots[fd] === undefined) return -errno.BADF;
    this.replace(other, this.replace(fd, moved));
    return 0;
  }

  *entries(): IterableIterator<[fd: number, descriptor: Descriptor]> {
    for (let fd = 0; fd < this.#slots.length; fd++) {
      const descriptor = this.#slots[fd];
      if (descriptor !== undefined) yield [fd, descriptor];
    }
  }

  /** Closes everything: the guest has ended. */
  closeAll(): void {
    for (const [fd] of this.entries()) this.close(fd);
  }

  #put(fd: number, descriptor: Descriptor): void {
    descriptor.wake = this.#wake;
    // An index past the end fills up with undefined first, which keeps the array packed.
    while (this.#slots.length < fd) this.#slots.push(undefined);
    this.#slots[fd] = descriptor;
    this.#size++;
  }

  #take(fd: number): Descriptor | undefined {
    const descriptor = this.#slots[fd];
    if (descriptor === undefined) return undefined;
    descriptor.wake = undefined;
    this.#slots[fd] = undefined;
    this.#size--;
    if (fd < this.#lowest) this.#lowest = fd;
    return descriptor;
  }
}
