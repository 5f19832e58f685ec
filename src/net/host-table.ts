/** One host's part of the table: a name, or `.example.com` for every name below `example.com`. */
export interface HostRow {
  readonly name: string;
}

/**
 * Names of hosts, found with all wildcards above them in one pass over the name that is asked for. A Map would want a
 * string for every suffix, and V8 hashes and compares strings that are parts of others slowly. Names come from those who
 * deploy services, who may wish each other ill: the hash has a key of its own in every table.
 */
export class HostTable<Row extends HostRow> {
  readonly #seed: number;
  readonly #multiplier: number;
  /** Open addressing; 0 where no row is. At most half of it is taken. */
  #hashes = new Int32Array(16);
  #rows: (Row | undefined)[] = new Array(16).fill(undefined);
  #size = 0;
  /** How many wildcards have that many dots: most suffixes of a name are not looked up at all. */
  readonly #wildcardDots: number[] = [];

  constructor(random: () => number = Math.random) {
    this.#seed = Math.floor(random() * 2 ** 32) | 0;
    this.#multiplier = Math.floor(random() * 2 ** 32) | 1;
  }

  get size(): number {
    return this.#size;
  }

  get(name: string): Row | undefined {
    return this.#at(finished(this.#hash(name)), name, 0);
  }

  /** Adds a row of a name that has none. */
  add(row: Row): void {
    if (++this.#size * 2 > this.#hashes.length) this.#grow();
    this.#put(finished(this.#hash(row.name)), row);
    this.#count(row.name, 1);
  }

  delete(name: string): void {
    const mask = this.#hashes.length - 1;
    const hash = finished(this.#hash(name));
    let hole = hash & mask;
    while (this.#rows[hole] !== undefined && this.#rows[hole]!.name !== name) hole = (hole + 1) & mask;
    if (this.#rows[hole] === undefined) return;
    this.#size--;
    this.#count(name, -1);
    // Whatever stands behind it because its own place was taken moves up, so that no search ends too early.
    for (let at = (hole + 1) & mask; this.#hashes[at] !== 0; at = (at + 1) & mask) {
      if (((at - this.#hashes[at]!) & mask) < ((at - hole) & mask)) continue;
      this.#hashes[hole] = this.#hashes[at]!;
      this.#rows[hole] = this.#rows[at];
      hole = at;
    }
    this.#hashes[hole] = 0;
    this.#rows[hole] = undefined;
  }

  /** Writes the rows for a host into `found`, the least specific first, the host's own last, and says how many there are. */
  find(host: string, found: Row[]): number {
    let count = 0;
    let dots = 0;
    if (host.charCodeAt(0) === dot) return count;
    let hash = this.#seed;
    for (let at = host.length - 1; at >= 0; at--) {
      const code = host.charCodeAt(at);
      hash = mixed(hash, code, this.#multiplier);
      if (code !== dot || !((this.#wildcardDots[++dots] ?? 0) > 0)) continue;
      const row = this.#at(finished(hash), host, at);
      if (row !== undefined) found[count++] = row;
    }
    const own = this.#at(finished(hash), host, 0);
    if (own !== undefined) found[count++] = own;
    return count;
  }

  /** The row of what `text` ends with from `from` on. */
  #at(hash: number, text: string, from: number): Row | undefined {
    const hashes = this.#hashes;
    const mask = hashes.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const other = hashes[at];
      if (other === 0) return undefined;
      if (other !== hash) continue;
      const row = this.#rows[at]!;
      if (row.name.length === text.length - from && text.endsWith(row.name)) return row;
    }
  }

  /** From the end, so that one pass over a name gives the hash of each of its suffixes. */
  #hash(name: string): number {
    let hash = this.#seed;
    for (let at = name.length - 1; at >= 0; at--) hash = mixed(hash, name.charCodeAt(at), this.#multiplier);
    return hash;
  }

  #put(hash: number, row: Row): void {
    const mask = this.#hashes.length - 1;
    let at = hash & mask;
    while (this.#hashes[at] !== 0) at = (at + 1) & mask;
    this.#hashes[at] = hash;
    this.#rows[at] = row;
  }

  #grow(): void {
    const [hashes, rows] = [this.#hashes, this.#rows];
    this.#hashes = new Int32Array(hashes.length * 2);
    this.#rows = new Array(hashes.length * 2).fill(undefined);
    for (const [at, row] of rows.entries()) if (row !== undefined) this.#put(hashes[at]!, row);
  }

  #count(name: string, by: number): void {
    if (name.charCodeAt(0) !== dot) return;
    let dots = 0;
    for (let at = 0; at >= 0; at = name.indexOf(".", at + 1)) dots++;
    this.#wildcardDots[dots] = (this.#wildcardDots[dots] ?? 0) + by;
  }
}

const dot = 0x2e;

function mixed(hash: number, code: number, multiplier: number): number {
  const product = Math.imul(hash ^ code, multiplier);
  return product ^ (product >>> 15);
}

/** Never 0, which stands for no row. */
function finished(hash: number): number {
  const product = Math.imul(hash ^ (hash >>> 16), 0x2c1b3c6d);
  return product ^ (product >>> 15) || 1;
}
