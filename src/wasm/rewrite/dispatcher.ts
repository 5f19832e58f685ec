import { readU32, skipLeb } from "./leb.ts";

/** A loop that begins `block* ; local.get p ; br_table` (see CodeScan). */
export class Dispatcher {
  readonly loop: number;
  /** Blocks between the loop and the table. */
  readonly blocks: number;
  /** The most instructions since a check that a forward jump brings along. */
  carried = 0;
  readonly #local: number;
  readonly #table: Int32Array;
  /** The loop's own block. */
  readonly #block: number;
  readonly #closed: Uint8Array;

  constructor(loop: number, block: number, blocks: number, local: number, table: Int32Array) {
    this.loop = loop;
    this.blocks = blocks;
    this.#block = block;
    this.#local = local;
    this.#table = table;
    this.#closed = new Uint8Array(blocks);
  }

  /** The block's end was passed: jumps to it go back from here on. */
  close(block: number): void {
    this.#closed[block - this.#block - 1] = 1;
  }

  carry(ops: number): void {
    if (ops > this.carried) this.carried = ops;
  }

  /** Whether the jump that sets `local` to `value` can only lead to code that stands further on. */
  isForward(local: number, value: number): boolean {
    if (local !== this.#local) return false;
    const table = this.#table;
    const label = value >= 0 && value < table.length ? table[value]! : table[table.length - 1]!;
    // Label `blocks` is the loop itself, those above lead out of it.
    if (label >= this.blocks) return label > this.blocks;
    return this.#closed[this.blocks - 1 - label] === 0;
  }
}

/** `at` is past the loop's block type. `block` is the loop's number among the open blocks. */
export function findDispatcher(
  bytes: Uint8Array,
  at: number,
  end: number,
  loop: number,
  block: number,
): Dispatcher | undefined {
  // Blocks and loop without parameters and results.
  if (bytes[at - 1] !== 0x40 || bytes[at] !== 0x02 || bytes[at + 1] !== 0x40) return undefined;
  let p = at;
  while (bytes[p] === 0x02 && bytes[p + 1] === 0x40) p += 2;
  const blocks = (p - at) >> 1;
  if (bytes[p] !== 0x20) return undefined;
  const local = readU32(bytes, p + 1);
  p = skipLeb(bytes, p + 1);
  if (bytes[p] !== 0x0e) return undefined;
  const count = readU32(bytes, p + 1);
  p = skipLeb(bytes, p + 1);
  if (count > end - p) return undefined;
  const table = new Int32Array(count + 1);
  for (let i = 0; i <= count; i++) {
    table[i] = readU32(bytes, p);
    p = skipLeb(bytes, p);
  }
  return new Dispatcher(loop, block, blocks, local, table);
}
