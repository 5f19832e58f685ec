/** A byte offset as errors and disassemblers write it: `0x1f2a`. */
export function hex(offset: number): string {
  return `0x${offset.toString(16)}`;
}
