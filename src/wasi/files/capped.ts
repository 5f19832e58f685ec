/** Bytes that one read or write moves at most, about a millisecond of copying: the rest is the next call's. */
export const bytesPerCallMax: number = 4 * 1024 * 1024;

/** As many of the buffers as one call moves. */
export function capped(buffers: readonly Uint8Array[]): readonly Uint8Array[] {
  const [first, second] = buffers;
  if (second === undefined && (first?.length ?? 0) <= bytesPerCallMax) return buffers;
  const taken: Uint8Array[] = [];
  let room = bytesPerCallMax;
  for (const buffer of buffers) {
    taken.push(buffer.length <= room ? buffer : buffer.subarray(0, room));
    room -= buffer.length;
    if (room <= 0) break;
  }
  return taken;
}
