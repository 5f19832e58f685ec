import type { MarkTuning } from "./mark-tuning.ts";

/** Facts about one local variable that are looked through. */
const looksMax = 4;
/** An offset above makes no fact, so that all fit into 32 bits. */
const offsetMax = 2 ** 30;

/**
 * Which addresses near a local variable's value are sure to be marked at a point of a function's body.
 *
 * A fact says that all between two places is: the variable's value plus `from` and plus `to` were marked, with no gap between.
 * It holds to the end of the block that it was found in, since what comes after may be reached by another way; as long as the
 * variable is not set; and in a loop that begins after it only if the variable is not set anywhere after it, since the loop may turn.
 */
export class MarkFacts {
  readonly #cardBytes: number;
  readonly #overhang: number;
  // One entry for each fact in force, the latest last.
  #local = new Int32Array(1024);
  #version = new Int32Array(1024);
  #memory = new Uint8Array(1024);
  #from = new Int32Array(1024);
  #to = new Int32Array(1024);
  /** 1: of a frame, of which some may lie beyond the memory. */
  #frames = new Uint8Array(1024);
  /** The fact before it about the same variable, counted from 1; 0: none. */
  #earlier = new Int32Array(1024);
  #length = 0;
  // One entry for each local variable.
  #latest = new Int32Array(0);
  #versions = new Int32Array(0);
  #setsLeft = new Int32Array(0);
  /** Facts before it are from outside of the loop at hand. */
  #outside = 0;
  #lastVersion = 0;

  constructor({ cardShift, overhang }: MarkTuning) {
    this.#cardBytes = 2 ** cardShift;
    this.#overhang = overhang;
  }

  /** Begins a function whose body is `bytes` from `from` to `end`. */
  begin(locals: number, bytes: Uint8Array, from: number, end: number): void {
    this.leave(0, 0);
    if (this.#latest.length < locals) {
      this.#latest = new Int32Array(locals * 2);
      this.#versions = new Int32Array(locals * 2);
      this.#setsLeft = new Int32Array(locals * 2);
    }
    const setsLeft = this.#setsLeft;
    setsLeft.fill(0, 0, locals);
    // Whatever looks like a local.set or local.tee: that there may be more than there are only costs marks.
    for (let i = from; i < end; i++) {
      const byte = bytes[i]!;
      if (byte !== 0x21 && byte !== 0x22) continue;
      let local = bytes[i + 1]! & 0x7f;
      for (let j = i + 1, shift = 7; bytes[j]! >= 0x80 && shift < 35; shift += 7)
        local |= (bytes[++j]! & 0x7f) << shift;
      if (local >= 0 && local < locals) setsLeft[local]!++;
    }
  }

  /** What the variable's value is called now: another number whenever it was set. */
  version(local: number): number {
    return this.#versions[local]!;
  }

  set(local: number): void {
    this.#versions[local] = ++this.#lastVersion;
    this.#setsLeft[local]!--;
  }

  /** How many facts there are and where the loop's begin: what {@link leave} needs at the end of a block that begins here. */
  get length(): number {
    return this.#length;
  }

  get outside(): number {
    return this.#outside;
  }

  enterLoop(): void {
    this.#outside = this.#length;
  }

  /** Forgets what was found since then. */
  leave(length: number, outside: number): void {
    while (this.#length > length) {
      this.#length--;
      this.#latest[this.#local[this.#length]!] = this.#earlier[this.#length]!;
    }
    this.#outside = outside;
  }

  /**
   * Whether `size` bytes at the variable's value plus `offset` are marked, if they are in the memory.
   *
   * @param wraps the sum is one of 32 bits: what is marked of a frame at the end of all addresses is not near to what comes after it
   */
  covers(local: number, memory: number, offset: number, size: number, wraps: boolean): boolean {
    if (Math.abs(offset) >= offsetMax) return false;
    let fact = this.#latest[local]!;
    for (let looks = 0; fact !== 0 && looks < looksMax; looks++) {
      const i = fact - 1;
      if (
        this.#holds(i, memory) &&
        !(wraps && this.#frames[i] !== 0) &&
        offset >= this.#from[i]! - this.#overhang &&
        offset + size <= this.#to[i]! + this.#overhang
      )
        return true;
      fact = this.#earlier[i]!;
    }
    return false;
  }

  /** The card of the variable's value plus `offset` was marked. */
  marked(local: number, memory: number, offset: number): void {
    if (Math.abs(offset) >= offsetMax) return;
    let [from, to, frame] = [offset, offset, 0];
    const latest = this.#latest[local]! - 1;
    if (latest >= 0 && this.#holds(latest, memory)) {
      // Two that are a card apart at the most lie in one card or in neighbours.
      if (offset >= this.#from[latest]! - this.#cardBytes && offset <= this.#to[latest]! + this.#cardBytes) {
        from = Math.min(offset, this.#from[latest]!);
        to = Math.max(offset, this.#to[latest]!);
        frame = this.#frames[latest]!;
      }
    }
    this.#add(local, memory, from, to, frame);
  }

  /** A frame was marked whose last mark is at `to`. */
  markedFrame(local: number, memory: number, to: number): void {
    this.#add(local, memory, 0, to, 1);
  }

  #add(local: number, memory: number, from: number, to: number, frame: number): void {
    if (this.#length === this.#local.length) this.#grow();
    const i = this.#length++;
    this.#local[i] = local;
    this.#version[i] = this.#versions[local]!;
    this.#memory[i] = memory;
    this.#from[i] = from;
    this.#to[i] = to;
    this.#frames[i] = frame;
    this.#earlier[i] = this.#latest[local]!;
    this.#latest[local] = i + 1;
  }

  #holds(i: number, memory: number): boolean {
    const local = this.#local[i]!;
    return (
      this.#version[i] === this.#versions[local] &&
      this.#memory[i] === memory &&
      (i >= this.#outside || this.#setsLeft[local]! <= 0)
    );
  }

  #grow(): void {
    const larger = (list: Int32Array): Int32Array<ArrayBuffer> => {
      const items = new Int32Array(list.length * 2);
      items.set(list);
      return items;
    };
    this.#local = larger(this.#local);
    this.#version = larger(this.#version);
    this.#from = larger(this.#from);
    this.#to = larger(this.#to);
    this.#earlier = larger(this.#earlier);
    const memory = new Uint8Array(this.#memory.length * 2);
    memory.set(this.#memory);
    this.#memory = memory;
    const frames = new Uint8Array(this.#frames.length * 2);
    frames.set(this.#frames);
    this.#frames = frames;
  }
}
