import { assert } from "../../base/assert.ts";
import type { Descriptor } from "../descriptor.ts";
import type { DescriptorTable } from "../descriptor-table.ts";

/** A descriptor of the instance's table that several of the guest's objects may use. It is closed when the last of them lets go. */
export class SharedDescriptor<T extends Descriptor> {
  readonly #table: DescriptorTable;
  readonly #fd: number;
  #users = 1;
  #descriptor: T;

  private constructor(table: DescriptorTable, fd: number, descriptor: T) {
    this.#table = table;
    this.#fd = fd;
    this.#descriptor = descriptor;
  }

  /** Puts a descriptor into the table, where there must be room. */
  static add<T extends Descriptor>(table: DescriptorTable, descriptor: T): SharedDescriptor<T> {
    const fd = table.add(descriptor);
    assert(fd >= 0, "the table is full");
    return new SharedDescriptor(table, fd, descriptor);
  }

  /** One that the host opened and keeps: it stays open until the instance ends. */
  static kept<T extends Descriptor>(table: DescriptorTable, fd: number, descriptor: T): SharedDescriptor<T> {
    return new SharedDescriptor(table, fd, descriptor).share();
  }

  get descriptor(): T {
    return this.#descriptor;
  }

  /** For one more user. */
  share(): this {
    this.#users++;
    return this;
  }

  /** A user lets go. */
  release(): void {
    this.#users--;
    if (this.#users === 0) this.#table.close(this.#fd);
  }

  /** Puts another in its place; the old one is not closed. */
  replace(descriptor: T): void {
    this.#table.replace(this.#fd, descriptor);
    this.#descriptor = descriptor;
  }

  /** Takes the place of another descriptor of the table, which the host had opened; that place is free then. */
  takeOver(fd: number, descriptor: T): void {
    this.#table.swap(this.#fd, fd);
    this.#table.close(fd);
    this.#descriptor = descriptor;
  }
}
