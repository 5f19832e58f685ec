// Sizes that several parts of the rewriter must agree on. One instruction takes 0.1 to 1 ns.

/** Instructions in a leaf loop between two checks. */
export const loopOpsMax = 4_096;
/** Leaf loops of more bytes have no first turn of their own. */
export const peeledBytesMax = 64;
/** What a bulk operation that is not cut costs at the most, in instructions. */
export const bulkCost = 20_000;

/** Bytes of a piece of a bulk operation on memory. */
export const pieceBytes = 1 << 18;
/** Entries of a piece of a bulk operation on a table, each of which takes 50 ns. */
export const pieceEntries = 8_192;
/** Elements of a piece of a bulk operation on an array. */
export const pieceElements = 65_536;

/** Up to so many are done in place. */
export const inlineBytes = 65_536;
export const inlineEntries = 512;
export const inlineElements = 8_192;

/** Bytes of a new array: V8 would make one of a gigabyte, which cannot be interrupted; 32 MiB take 15 ms. */
export const arrayBytesMax = 1 << 25;
