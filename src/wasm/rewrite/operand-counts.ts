/** Of an instruction that takes and gives other numbers of operands, or that the scan of marks has a case for. */
export const countUnknown = 0xff;

/** How many operands each one-byte instruction takes that gives one (WebAssembly 3.0, 5.4). */
export const operandCounts: Uint8Array = filled(256, {
  // loads
  1: [
    [0x28, 0x35],
    [0x45],
    [0x50],
    [0x67, 0x69],
    [0x79, 0x7b],
    [0x8b, 0x91],
    [0x99, 0x9f],
    [0xa7, 0xc4],
    [0xd1],
    [0xd4],
  ],
  2: [[0x46, 0x4f], [0x51, 0x66], [0x6a, 0x78], [0x7c, 0x8a], [0x92, 0x98], [0xa0, 0xa6], [0xd3]],
  3: [[0x1b]],
});

/** The same of the vector instructions, by their second opcode. */
export const vectorCounts: Uint8Array = filled(256, {
  0: [[12]],
  1: [
    ...[[0, 10], [15, 22], [24, 25], [27], [29], [31], [33], [77], [83], [92, 100], [103, 106], [116, 117], [122]],
    ...[[124, 129], [131, 132], [135, 138], [148], [160, 161], [163, 164], [167, 170], [192, 193], [195, 196]],
    ...[[199, 202], [224, 225], [227], [236, 237], [239], [248, 255]],
  ],
  2: [
    ...[[13, 14], [23], [26], [28], [30], [32], [34], [35, 76], [78, 81], [84, 87], [101, 102], [107, 115]],
    ...[[118, 121], [123], [130], [133, 134], [139, 147], [149, 153], [155, 159], [171, 174], [177], [181, 186]],
    ...[[188, 191], [203, 206], [209], [213, 223], [228, 235], [240, 247]],
  ],
  3: [[82]],
});

function filled(length: number, ranges: Readonly<Record<number, readonly (readonly number[])[]>>): Uint8Array {
  const counts = new Uint8Array(length).fill(countUnknown);
  for (const [count, list] of Object.entries(ranges))
    for (const [from, to = from] of list) counts.fill(Number(count), from, to! + 1);
  return counts;
}
