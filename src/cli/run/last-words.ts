const bytesMax = 4096;

/** The end of what a program wrote on standard error. */
export class LastWords {
  #kept: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): void {
    const end = chunk.subarray(Math.max(0, chunk.length - bytesMax));
    const before = this.#kept.subarray(Math.max(0, this.#kept.length + end.length - bytesMax));
    this.#kept = Buffer.concat([before, end]);
  }

  text(): string {
    return this.#kept.toString();
  }
}
