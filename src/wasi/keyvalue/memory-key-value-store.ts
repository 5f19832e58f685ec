import type {
  KeyPage,
  KeyValueAnswer,
  KeyValueBucket,
  KeyValueError,
  KeyValueOutcome,
  KeyValueStore,
} from "./key-value-store.ts";

export interface KeyValueLimits {
  /** Of all keys and values of a bucket, with what each entry costs besides. */
  readonly bytesMax: number;
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  /** Keys of one page. */
  readonly pageKeysMax: number;
}

const limitsDefault: KeyValueLimits = {
  bytesMax: 64 * 1024 * 1024,
  keyBytesMax: 1024,
  valueBytesMax: 16 * 1024 * 1024,
  pageKeysMax: 1000,
};

/** What an entry costs in V8 besides its bytes, about. */
const entryBytes = 200;
const u64Max = (1n << 64n) - 1n;

/** Buckets in memory, gone with the process: for `warren run` and for tests. */
export class MemoryKeyValueStore implements KeyValueStore {
  readonly #buckets: ReadonlyMap<string, KeyValueBucket>;

  /** `names`: those that a guest may open. */
  constructor(names: readonly string[] = ["", "default"], limits: Partial<KeyValueLimits> = {}) {
    const own = new MemoryBucket({ ...limitsDefault, ...limits });
    this.#buckets = new Map(
      names.map((name) => [
        name,
        name === "" || name === "default" ? own : new MemoryBucket({ ...limitsDefault, ...limits }),
      ]),
    );
  }

  open(identifier: string): KeyValueOutcome<KeyValueBucket> {
    const bucket = this.#buckets.get(identifier);
    return bucket === undefined ? { tag: "err", val: { tag: "no-such-store", val: undefined } } : ok(bucket);
  }
}

class MemoryBucket implements KeyValueBucket {
  readonly #limits: KeyValueLimits;
  /** In the order in which keys came, which their numbers rise in. */
  readonly #values = new Map<string, { readonly value: Uint8Array; readonly number: bigint }>();
  #bytes = 0;
  #numbers = 0n;

  constructor(limits: KeyValueLimits) {
    this.#limits = limits;
  }

  get(key: string): KeyValueOutcome<Uint8Array | undefined> {
    return ok(this.#values.get(key)?.value);
  }

  set(key: string, value: Uint8Array): KeyValueOutcome<undefined> {
    return this.setMany([[key, value]]);
  }

  delete(key: string): KeyValueOutcome<undefined> {
    const entry = this.#values.get(key);
    if (entry !== undefined) {
      this.#values.delete(key);
      this.#bytes -= cost(key, entry.value);
    }
    return ok(undefined);
  }

  exists(key: string): KeyValueOutcome<boolean> {
    return ok(this.#values.has(key));
  }

  /** A cursor is the number of the last key of its page. */
  listKeys(cursor: bigint = 0n): KeyValueOutcome<KeyPage> {
    const keys: string[] = [];
    let last = 0n;
    for (const [key, { number }] of this.#values) {
      if (number <= cursor) continue;
      if (keys.length >= this.#limits.pageKeysMax) return ok({ keys, cursor: last });
      keys.push(key);
      last = number;
    }
    return ok({ keys, cursor: undefined });
  }

  increment(key: string, delta: bigint): KeyValueAnswer<bigint> {
    const text = Buffer.from(this.#values.get(key)?.value ?? Buffer.from("0")).toString("latin1");
    const value = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : undefined;
    if (value === undefined || value > u64Max) return other(`the value of ${shown(key)} is no number`);
    const sum = value + delta;
    if (sum > u64Max) return other(`the number of ${shown(key)} would be over ${u64Max}`);
    const written = this.set(key, Buffer.from(sum.toString()));
    return written.tag === "ok" ? ok(sum) : written;
  }

  getMany(keys: readonly string[]): KeyValueOutcome<readonly (Uint8Array | undefined)[]> {
    return ok(keys.map((key) => this.#values.get(key)?.value));
  }

  setMany(entries: readonly (readonly [key: string, value: Uint8Array])[]): KeyValueOutcome<undefined> {
    const { bytesMax, keyBytesMax, valueBytesMax } = this.#limits;
    const changed = new Map<string, Uint8Array>();
    for (const [key, value] of entries) {
      if (Buffer.byteLength(key) > keyBytesMax)
        return other(`the key ${shown(key)} is longer than ${keyBytesMax} bytes`);
      if (value.length > valueBytesMax) {
        return other(`the value of ${shown(key)} has ${value.length} bytes; ${valueBytesMax} is the limit`);
      }
      changed.set(key, value);
    }
    let bytes = this.#bytes;
    for (const [key, value] of changed) {
      const before = this.#values.get(key);
      bytes += cost(key, value) - (before === undefined ? 0 : cost(key, before.value));
    }
    if (bytes > bytesMax && bytes > this.#bytes) return other(`the store is full: ${bytesMax} bytes is its limit`);
    for (const [key, value] of changed) {
      const number = this.#values.get(key)?.number ?? ++this.#numbers;
      this.#values.set(key, { value: new Uint8Array(value), number });
    }
    this.#bytes = bytes;
    return ok(undefined);
  }

  deleteMany(keys: readonly string[]): KeyValueOutcome<undefined> {
    for (const key of keys) this.delete(key);
    return ok(undefined);
  }
}

function cost(key: string, value: Uint8Array): number {
  return entryBytes + key.length + value.length;
}

/** A key for a message. */
function shown(key: string): string {
  return JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key);
}

function ok<T>(val: T): { readonly tag: "ok"; readonly val: T } {
  return { tag: "ok", val };
}

function other(val: string): { readonly tag: "err"; readonly val: KeyValueError } {
  return { tag: "err", val: { tag: "other", val } };
}
