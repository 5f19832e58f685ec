import { trap } from "./trap.ts";

/** Bytes that wait between an instance's streams and a disk. */
const diskBytesMaxDefault = 8 * 1024 * 1024;

/** What a guest makes the host hold that is no descriptor: streams, pollables and the like, and what is on its way to and from disks. */
export class ResourceCount {
  readonly #max: number;
  readonly #diskBytesMax: number;
  #held = 0;
  #diskBytes = 0;

  /** `max`: of streams, pollables and the like. */
  constructor(max: number, diskBytesMax: number = diskBytesMaxDefault) {
    this.#max = max;
    this.#diskBytesMax = diskBytesMax;
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

  /** Whether so many bytes more may wait for a disk, or for the guest to take what came from one; they are counted then. */
  holdForDisk(bytes: number): boolean {
    if (this.#diskBytes + bytes > this.#diskBytesMax) return false;
    this.#diskBytes += bytes;
    return true;
  }

  releaseForDisk(bytes: number): void {
    this.#diskBytes -= bytes;
  }
}
