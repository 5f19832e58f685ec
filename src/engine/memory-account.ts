import type { DescriptorTable } from "../wasi/descriptor-table.ts";

/** What an entry of a table costs in V8 (measured; the cap of the decoder counts with it too). */
export const tableEntryBytes = 24;
/** What a connection can hold, nearly: a full flow each way, and one read of a socket that came on top. */
const connectionBytesMax = 3 * 64 * 1024;
/** A guest whose memory has grown to its limit still serves: so much for its buffers in any case, and a part of the limit. */
const buffersBytesMin = 2 ** 20;
const buffersPart = 1 / 16;
/** The buffers of ten thousand connections take a tenth of a millisecond to count. */
const countEveryMs = 100;

/** What one instance makes the host hold, against its `limits.memory`. See docs/decisions/0007-what-counts-as-memory.md. */
export class MemoryAccount {
  readonly #limitBytes: number;
  readonly #table: DescriptorTable;
  readonly #now: () => number;
  #memories: readonly WebAssembly.Memory[] = [];
  #tables: readonly WebAssembly.Table[] = [];
  #files: readonly { readonly heldBytes: number }[] = [];
  #countedAt = Number.NEGATIVE_INFINITY;
  #counted = 0;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(limitBytes: number, table: DescriptorTable, now: () => number = () => performance.now()) {
    this.#limitBytes = limitBytes;
    this.#table = table;
    this.#now = now;
  }

  /** The memories and tables of the instance, once it has them; none once it has ended. */
  attach(memories: readonly WebAssembly.Memory[], tables: readonly WebAssembly.Table[]): void {
    this.#memories = memories;
    this.#tables = tables;
  }

  /** The instance's files in memory, which have a limit of their own; none once it has ended. */
  attachFiles(files: readonly { readonly heldBytes: number }[]): void {
    this.#files = files;
  }

  /** Its memories as far as they have grown, its tables, its files in memory, and what waits in its sockets and streams. */
  get bytes(): number {
    const files = this.#files.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
    return this.#ownBytes() + files + this.#countBuffers();
  }

  /**
   * Whether there is room for the buffers of one more connection, when `waiting` are not accepted yet. Counts only when the
   * buffers could be too many if all were full, and then no more often than ten times a second.
   */
  hasRoom(waiting: number): boolean {
    const least = Math.max(buffersBytesMin, this.#limitBytes * buffersPart);
    const room = Math.max(this.#limitBytes - this.#ownBytes(), least);
    if ((this.#table.size + waiting) * connectionBytesMax <= room) return true;
    const now = this.#now();
    if (now - this.#countedAt >= countEveryMs) {
      this.#countedAt = now;
      this.#counted = this.#countBuffers();
    }
    return this.#counted < room;
  }

  #ownBytes(): number {
    let bytes = 0;
    for (const memory of this.#memories) bytes += memory.buffer.byteLength;
    for (const table of this.#tables) bytes += table.length * tableEntryBytes;
    return bytes;
  }

  #countBuffers(): number {
    let bytes = 0;
    for (const [, descriptor] of this.#table.entries()) bytes += descriptor.heldBytes ?? 0;
    return bytes;
  }
}
