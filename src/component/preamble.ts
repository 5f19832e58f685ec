/** Version 0x0d, layer 1 (Component model, Binary.md). */
const preamble = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);

export const preambleBytes: number = preamble.length;

/** Whether a file says that it is a component. */
export function isComponent(bytes: Uint8Array): boolean {
  return preamble.every((byte, i) => bytes[i] === byte);
}
