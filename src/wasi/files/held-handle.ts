import type { FileSystem, Handle } from "./file-system.ts";

/**
 * A handle that other threads may be at work with: it is closed when the last has come back, since its number could mean
 * another file by then.
 */
export class HeldHandle {
  readonly number: Handle;
  readonly #files: FileSystem;
  #uses = 0;
  #closing: boolean = false;

  constructor(files: FileSystem, number: Handle) {
    this.#files = files;
    this.number = number;
  }

  /** Its number may mean another file by now. */
  get closed(): boolean {
    return this.#closing;
  }

  /** Other threads are at work with it. */
  get busy(): boolean {
    return this.#uses > 0;
  }

  /** What was begun with the handle; it resolves as that does. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#uses++;
    try {
      return await work;
    } finally {
      this.#uses--;
      if (this.#closing && this.#uses === 0) this.#files.close(this.number);
    }
  }

  close(): void {
    this.#closing = true;
    if (this.#uses === 0) this.#files.close(this.number);
  }
}
