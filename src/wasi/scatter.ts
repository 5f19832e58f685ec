/** Copies bytes into buffers of guest memory, one after the other: how many had room. */
export function scatter(bytes: Uint8Array, buffers: readonly Uint8Array[]): number {
  let at = 0;
  for (const buffer of buffers) {
    if (at === bytes.length) break;
    const part = bytes.subarray(at, at + buffer.length);
    buffer.set(part);
    at += part.length;
  }
  return at;
}
