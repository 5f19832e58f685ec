// How many bytes follow an opcode, in classes that a scan can tell apart with one lookup (WebAssembly 3.0, 5.4; the legacy
// exception instructions 0x06, 0x07, 0x09, 0x18 and 0x19 by the exception handling proposal's legacy/ folder, which V8 keeps).

/** Nothing follows. */
export const immediateNone = 0;
/** One LEB128 number. */
export const immediateLeb = 1;
/** Alignment, maybe a memory's index, offset. */
export const immediateMemory = 2;
/** Four bytes. */
export const immediateF32 = 3;
/** Eight bytes. */
export const immediateF64 = 4;
/** The scan has a case for it. */
export const immediateOther = 5;
/** No instruction that V8 in Node 26 takes without flags. */
export const immediateUnknown = 6;
/** The index of a local variable. */
export const immediateLocal = 7;
/** The index of a global. */
export const immediateGlobal = 8;

const ranges: readonly (readonly [from: number, to: number, immediate: number])[] = [
  [0x00, 0x01, immediateOther], // unreachable, nop
  [0x02, 0x07, immediateOther], // block, loop, if, else, try, catch
  [0x08, 0x08, immediateOther], // throw
  [0x09, 0x15, immediateOther], // rethrow, throw_ref, end, br…, return, calls
  [0x18, 0x19, immediateOther], // delegate, catch_all
  [0x1a, 0x1b, immediateNone], // drop, select
  [0x1c, 0x1c, immediateOther], // select with types
  [0x1f, 0x1f, immediateOther], // try_table
  [0x20, 0x20, immediateLocal], // local.get
  [0x21, 0x21, immediateOther], // local.set
  [0x22, 0x22, immediateLocal], // local.tee
  [0x23, 0x24, immediateGlobal], // global.get, global.set
  [0x25, 0x26, immediateOther], // table.get, table.set
  [0x28, 0x3e, immediateMemory],
  [0x3f, 0x40, immediateOther], // memory.size, memory.grow
  [0x41, 0x41, immediateOther], // i32.const
  [0x42, 0x42, immediateLeb], // i64.const
  [0x43, 0x43, immediateF32],
  [0x44, 0x44, immediateF64],
  [0x45, 0xc4, immediateNone],
  [0xd0, 0xd0, immediateOther], // ref.null
  [0xd1, 0xd1, immediateNone], // ref.is_null
  [0xd2, 0xd2, immediateOther], // ref.func
  [0xd3, 0xd4, immediateNone], // ref.eq, ref.as_non_null
  [0xd5, 0xd6, immediateOther], // br_on_null, br_on_non_null
  [0xfb, 0xfe, immediateOther],
];

/** The class of each first byte of an instruction. */
export const immediates: Uint8Array = new Uint8Array(256).fill(immediateUnknown);
for (const [from, to, immediate] of ranges) immediates.fill(immediate, from, to + 1);
