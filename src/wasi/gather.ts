/** Copies buffers of guest memory into one of the host's, up to `bytesMax`. */
export function gather(buffers: readonly Uint8Array[], bytesMax: number = Number.POSITIVE_INFINITY): Uint8Array {
  let total = 0;
  for (const buffer of buffers) total += buffer.length;
  const chunk = Buffer.allocUnsafe(Math.min(total, bytesMax));
  let at = 0;
  for (const buffer of buffers) {
    if (at === chunk.length) break;
    const part = buffer.length <= chunk.length - at ? buffer : buffer.subarray(0, chunk.length - at);
    chunk.set(part, at);
    at += part.length;
  }
  return chunk;
}
