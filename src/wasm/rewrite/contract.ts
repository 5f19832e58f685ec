import type { ValueType } from "../module-info.ts";

/**
 * The module that a rewritten program imports from, and the beginning of the exports that it gets (`warren.`). A program
 * that uses either is refused with `module.reserved-name`.
 *
 * Imports, in this order and after the program's own:
 * - `mem0`, `mem1`, …: the memories that the program defined, see {@link RewrittenMemory}. The host makes one for each instance.
 * - `epoch`: a shared memory of one page, the same for all instances of a process ({@link epochDescriptor}). Whoever stores
 *   something else than 0 in its first 32 bits makes every guest call its tick at the next check. The tick must set it to 0
 *   again, or the guest ticks on at each check.
 *
 * Exports, after the program's own:
 * - `warren.preempt`: a table of two functions of type () → i32, both null at first. The host must fill both before it calls
 *   anything. A slot takes an exported function of wasm, not one of JavaScript: {@link trampolineModule} makes some.
 *   - Slot 0, the tick, is called when a check finds the cell raised. It must not wait. It answers more than 0 to go on, 0 to have
 *     the yield called, less than 0 to end the guest. It must not throw: a guest may catch that.
 *   - Slot 1, the yield, is called right after a tick that answered 0. It may be a Suspending import; that needs
 *     an entry by WebAssembly.promising and no frame of JavaScript between. It answers as the tick does, 0 meaning to go on too. What it
 *     throws can be caught by the guest, a SuspendError included: answer 0 from the tick only where suspending is possible.
 *   - A guest that is ended traps with `unreachable` in the function {@link slowPathName}. Nothing in the guest can catch that.
 * - `warren.start`: the program's start function, where it has one. Instantiation does not call it: the host does, before
 *   anything else, so that it may yield.
 * - `warren.table.N`, `warren.global.N`: the tables and mutable globals that the program defines, whether it exports them
 *   itself or not (see {@link RewrittenModule.tables}).
 *
 * With `marks`, which make its instances fit to be reset (docs/decisions/0021-reset-by-cards.md; `engine/reset/` does the host's part), it
 * also imports, after `epoch`:
 * - `cards0`, `cards1`, …: for each memory that it has or imports, by its index, a memory of 32-bit addresses that is private to that memory:
 *   modules that share one are given the same cards ({@link RewrittenCards}, `cardPages()`).
 *   - The first 64 bits are the size in pages that the guest sees. The host sets it before it instantiates. `memory.size` answers it, and
 *     `memory.grow` adds to it; the memory itself grows only when it must, so that the host can set the size back.
 *     Loads and stores beyond the size but within the memory do not trap.
 *   - From byte 64 on there is a byte for each 4 KiB of the memory. A store writes 1 into that of its address; a bulk operation into
 *     all from its first byte's to its last's. Whoever puts a marked page back does so with the 256 bytes before and after it, since a store at a
 *     page's end reaches into the next, and one mark stands for several stores near to it. What traps may be unmarked, if it wrote nothing.
 *     A card beyond the memory's end can be marked, too: of a stack frame that does not fit.
 *   The host marks what it writes itself, by the same rules.
 *
 * And it exports, after the others:
 * - `warren.save`, `warren.restore`: functions () → () that copy all mutable globals that it defines to copies of their own, and back. `save` comes
 *   first. Imported globals are for the module that defines them.
 * - `warren.dirty`, where it has instructions that write what nothing here can put back: a mutable i32 that they set to 1. They are
 *   `table.set`, `.grow`, `.fill`, `.copy` and `.init`, `data.drop`, `elem.drop`, `struct.set`, `array.set`, `.fill`, `.copy`, `.init_data` and `.init_elem`.
 *   Objects of the garbage collector's may be new ones that nothing leads to after the reset; that is not found out.
 */
export const reservedModule = "warren";
export const reservedPrefix = "warren.";

export const epochImport = "epoch";
/** Before the number of a memory that the program defined. */
export const memoryPrefix = "mem";
/** Before the number of the memory whose cards they are, imported ones first. */
export const cardsPrefix = "cards";
export const preemptExport = "warren.preempt";
export const startExport = "warren.start";
export const saveExport = "warren.save";
export const restoreExport = "warren.restore";
export const dirtyExport = "warren.dirty";
/** The name of the function that traps when a guest is ended, in the name section. */
export const slowPathName = "warren.slow";

export const tickSlot = 0;
export const yieldSlot = 1;

/** Pass it to `new WebAssembly.Memory()` once for each process. */
export const epochDescriptor = { initial: 1, maximum: 1, shared: true } as const;

/** A memory that the program defined and now imports. */
export interface RewrittenMemory {
  /** Its import's name: `mem0` and so on. */
  readonly name: string;
  /** Pages of 64 KiB, as the program declares them. A memory with a lower maximum may be given. */
  readonly min: number;
  readonly max: number | undefined;
  readonly is64: boolean;
}

/** A table or global that the program defines, under its reserved name. */
export interface RewrittenItem {
  /** Its export's name. */
  readonly name: string;
  readonly index: number;
  /** The value's or the elements' type. */
  readonly type: ValueType;
}

/** With marks: the cards of a memory that the module has or imports. */
export interface RewrittenCards {
  /** Their import's name: `cards0` and so on. */
  readonly name: string;
  /** Of the memory, imported ones first. */
  readonly index: number;
  /** Pages of 64 KiB that they must have at least; see `cardPages()`. */
  readonly pagesMin: number;
  readonly is64: boolean;
  /** The import by which the memory itself comes: the program's own, or `warren.memN`. */
  readonly memory: { readonly module: string; readonly name: string };
}

export interface RewrittenModule {
  readonly bytes: Uint8Array;
  readonly memories: readonly RewrittenMemory[];
  readonly hasStart: boolean;
  /** Every table that the program defines. */
  readonly tables: readonly RewrittenItem[];
  /** Every mutable global that the program defines. */
  readonly globals: readonly RewrittenItem[];
  /** More than that can be exported (each costs memory in each instance): some of `globals` are missing. */
  readonly globalsMissing: boolean;
  /** One for each memory, where marks were asked for. */
  readonly cards: readonly RewrittenCards[];
}

/**
 * A module that imports `warren.tick` and `warren.yield`, both () → i32, and exports `tick` and `yield`, functions that call
 * them and may stand in a table. A call costs a few nanoseconds more than that of the import itself. One instance of it for each guest.
 */
export function trampolineModule(): Uint8Array<ArrayBuffer> {
  const tick = [4, 0x74, 0x69, 0x63, 0x6b];
  const pause = [5, 0x79, 0x69, 0x65, 0x6c, 0x64];
  const from = [6, 0x77, 0x61, 0x72, 0x72, 0x65, 0x6e];
  const section = (id: number, content: readonly number[]) => [id, content.length, ...content];
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 1, 0x7f]),
    ...section(2, [2, ...from, ...tick, 0, 0, ...from, ...pause, 0, 0]),
    ...section(3, [2, 0, 0]),
    ...section(7, [2, ...tick, 0, 2, ...pause, 0, 3]),
    ...section(10, [2, 4, 0, 0x10, 0, 0x0b, 4, 0, 0x10, 1, 0x0b]),
  );
}
