/** As Linux' default net.core.rmem_default, nearly. */
const bytesMax = 256 * 1024;
const lengthMax = 1024;

export interface Datagram<From> {
  readonly data: Uint8Array;
  readonly from: From;
}

/** Datagrams that wait to be received; what comes when it is full is lost. */
export class DatagramQueue<From> {
  #queue: Datagram<From>[] = [];
  #head = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get first(): Datagram<From> | undefined {
    return this.#queue[this.#head];
  }

  /** For one that is not too large. */
  get hasRoom(): boolean {
    return this.#queue.length - this.#head < lengthMax && this.#bytes < bytesMax;
  }

  /** False when there is no room. */
  push(datagram: Datagram<From>): boolean {
    if (this.#queue.length - this.#head >= lengthMax || this.#bytes + datagram.data.length > bytesMax) return false;
    this.#queue.push(datagram);
    this.#bytes += datagram.data.length;
    return true;
  }

  shift(): void {
    const first = this.first;
    if (first === undefined) return;
    this.#bytes -= first.data.length;
    this.#queue[this.#head++] = undefined as never;
    if (this.#head === this.#queue.length || this.#head > lengthMax) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Drops those that are not to be kept: how many. */
  keep(isKept: (datagram: Datagram<From>) => boolean): number {
    const before = this.#queue.slice(this.#head);
    this.#queue = before.filter(isKept);
    this.#head = 0;
    this.#bytes = this.#queue.reduce((sum, { data }) => sum + data.length, 0);
    return before.length - this.#queue.length;
  }

  clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
