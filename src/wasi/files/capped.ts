/** Bytes that one read or write moves at most, about a millisecond of copying: the rest is the next call's. */
export const bytesPerCallMax: number = 4 * 1024 * 1024;

/** As many of the buffers as one call moves. */
export function capped(buffers: readonly Uint8Array[]): readonly Uint8Array[] {
  const [first, second] = buffers;
  if (second === undefined && (first?.length ?? 0) <= bytesPerCallMax) return buffers;
  return firstOf(buffers, bytesPerCallMax);
}

/** The first so many bytes of the buffers. */
export function firstOf(buffers: readonly Uint8Array[], length: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (length <= 0) break;
    taken.push(buffer.length <= length ? buffer : buffer.subarray(0, length));
    length -= buffer.length;
  }
  return taken;
}
