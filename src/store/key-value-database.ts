import type { DatabaseSync, StatementSync } from "node:sqlite";
import { WarrenError } from "../base/errors.ts";
import { openDatabase, transaction } from "./database.ts";

export interface KeyValueLimits {
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  /** Of the keys of one page, or one call. */
  readonly keysMax: number;
  readonly keysBytesMax: number;
  /** Of the values of one call. */
  readonly valuesBytesMax: number;
}

/** A call and its answer go between processes as one line of 4 MiB at most: a byte of a key takes six there, three of a value four. */
const limitsDefault: KeyValueLimits = {
  keyBytesMax: 1024,
  valueBytesMax: 1024 * 1024,
  keysMax: 1000,
  keysBytesMax: 256 * 1024,
  valuesBytesMax: 1536 * 1024,
};

/** What an entry takes on the disk besides its key and value, about. */
const entryBytes = 100;
const u64Max = (1n << 64n) - 1n;
/** SQLite's integers; no store has numbered so many. */
const i64Max = (1n << 63n) - 1n;

export interface StoreUsage {
  readonly name: string;
  readonly bytes: number;
  readonly keys: number;
}

/**
 * The key-value stores of all namespaces, in one database. Writes are to be called within {@link together}. What the one who calls did wrong is a
 * WarrenError with a code that begins with `store.`, and then nothing was changed.
 */
export class KeyValueDatabase {
  readonly #database: DatabaseSync;
  readonly #limits: KeyValueLimits;
  readonly #statements = new Map<string, StatementSync>();

  /** Throws what {@link openDatabase} throws. */
  constructor(path: string, limits: Partial<KeyValueLimits> = {}) {
    this.#database = openDatabase(path, "key-value-migrations");
    this.#limits = { ...limitsDefault, ...limits };
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  /** Several calls in one transaction: they are on the disk when it returns. What one of them throws undoes that one, if it is wrapped in {@link apart}. */
  together<T>(work: () => T): T {
    return transaction(this.#database, work);
  }

  /** One call of several: all of it or nothing. */
  apart<T>(work: () => T): T {
    this.#database.exec("SAVEPOINT apart");
    try {
      const result = work();
      this.#database.exec("RELEASE apart");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK TO apart; RELEASE apart");
      throw error;
    }
  }

  /** Makes it if it is not there; its id. */
  ensure(namespace: string, name: string): number {
    const known = this.#run("SELECT id FROM stores WHERE namespace = ? AND name = ?").get(namespace, name);
    if (known !== undefined) return Number(known.id);
    const made = this.#run("INSERT INTO stores (namespace, name) VALUES (?, ?)").run(namespace, name);
    return Number(made.lastInsertRowid);
  }

  list(namespace: string): StoreUsage[] {
    return this.#run(
      `SELECT name, bytes, (SELECT count(*) FROM entries WHERE store = id) AS keys FROM stores
       WHERE namespace = ? ORDER BY name`,
    )
      .all(namespace)
      .map(({ name, bytes, keys }) => ({ name: String(name), bytes: Number(bytes), keys: Number(keys) }));
  }

  /** With all that is in it; false when there is none. */
  remove(namespace: string, name: string): boolean {
    return this.together(
      () => this.#run("DELETE FROM stores WHERE namespace = ? AND name = ?").run(namespace, name).changes === 1,
    );
  }

  /** In the order of the keys. Throws `store.too-large`. */
  get(store: number, keys: readonly string[]): (Uint8Array | undefined)[] {
    this.#checkKeys(keys);
    const select = this.#run("SELECT value FROM entries WHERE store = ? AND key = ?");
    const size = this.#run("SELECT length(value) AS bytes FROM entries WHERE store = ? AND key = ?");
    const { valuesBytesMax } = this.#limits;
    let bytes = 0;
    for (const key of keys) {
      bytes += Number(size.get(store, Buffer.from(key))?.bytes ?? 0);
      if (bytes > valuesBytesMax)
        throw tooLarge(
          `the values have more than ${valuesBytesMax} bytes together, the most of one call: ask for fewer`,
        );
    }
    return keys.map((key) => {
      const value = select.get(store, Buffer.from(key))?.value;
      return value instanceof Uint8Array ? value : undefined;
    });
  }

  exists(store: number, key: string): boolean {
    this.#checkKeys([key]);
    return this.#run("SELECT 1 FROM entries WHERE store = ? AND key = ?").get(store, Buffer.from(key)) !== undefined;
  }

  /** All or none. Throws `store.too-large` and `store.full`. */
  set(store: number, entries: readonly (readonly [key: string, value: Uint8Array])[], bytesMax: number): void {
    const { valueBytesMax, valuesBytesMax } = this.#limits;
    this.#checkKeys(entries.map(([key]) => key));
    let given = 0;
    for (const [key, value] of entries) {
      given += value.length;
      if (value.length > valueBytesMax)
        throw tooLarge(`the value of ${shown(key)} has ${value.length} bytes; ${valueBytesMax} is the limit`);
    }
    if (given > valuesBytesMax)
      throw tooLarge(`the values have ${given} bytes together; ${valuesBytesMax} is the most of one call`);
    const size = this.#run("SELECT length(value) AS bytes FROM entries WHERE store = ? AND key = ?");
    const update = this.#run("UPDATE entries SET value = ? WHERE store = ? AND key = ?");
    const insert = this.#run("INSERT INTO entries (store, key, number, value) VALUES (?, ?, ?, ?)");
    const { bytes: before, numbers } = this.#counts(store);
    let bytes = before;
    let number = numbers;
    for (const [text, value] of entries) {
      const key = Buffer.from(text);
      const old = size.get(store, key);
      if (old === undefined) {
        bytes += entryBytes + key.length + value.length;
        insert.run(store, key, ++number, value);
      } else {
        bytes += value.length - Number(old.bytes);
        update.run(value, store, key);
      }
    }
    // Where it was made smaller, what makes it less full is still done.
    if (bytes > bytesMax && bytes > before)
      throw new WarrenError("store.full", `the store is full: ${bytesMax} bytes is its size`, { status: 507 });
    this.#run("UPDATE stores SET bytes = ?, numbers = ? WHERE id = ?").run(bytes, number, store);
  }

  delete(store: number, keys: readonly string[]): void {
    this.#checkKeys(keys);
    const remove = this.#run("DELETE FROM entries WHERE store = ? AND key = ? RETURNING length(value) AS bytes");
    let freed = 0;
    for (const text of keys) {
      const key = Buffer.from(text);
      const old = remove.get(store, key);
      if (old !== undefined) freed += entryBytes + key.length + Number(old.bytes);
    }
    if (freed > 0) this.#run("UPDATE stores SET bytes = bytes - ? WHERE id = ?").run(freed, store);
  }

  /** Keys in the order in which they came, after an entry's number; that of the page's last one where more follow. */
  listKeys(store: number, after: bigint): { keys: string[]; cursor: bigint | undefined } {
    const { keysMax, keysBytesMax } = this.#limits;
    if (after > i64Max) return { keys: [], cursor: undefined };
    const keys: string[] = [];
    let bytes = 0;
    let last = 0;
    const rows = this.#run("SELECT key, number FROM entries WHERE store = ? AND number > ? ORDER BY number LIMIT ?");
    for (const { key, number } of rows.iterate(store, after, keysMax + 1)) {
      const name = Buffer.from(key as Uint8Array);
      bytes += name.length;
      if (keys.length >= keysMax || (keys.length > 0 && bytes > keysBytesMax)) return { keys, cursor: BigInt(last) };
      keys.push(name.toString());
      last = Number(number);
    }
    return { keys, cursor: undefined };
  }

  /** The sum. Throws `store.not-a-number`, and what {@link set} throws. */
  increment(store: number, key: string, delta: bigint, bytesMax: number): bigint {
    const [value] = this.get(store, [key]);
    const text = value === undefined ? "0" : Buffer.from(value).toString("latin1");
    const number = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : undefined;
    if (number === undefined || number > u64Max) throw notANumber(`the value of ${shown(key)} is no number`);
    const sum = number + delta;
    if (sum > u64Max) throw notANumber(`the number of ${shown(key)} would be over ${u64Max}`);
    this.set(store, [[key, Buffer.from(sum.toString())]], bytesMax);
    return sum;
  }

  /** Remembers what a guest of a worker may open, beyond the daemon's end. */
  permit(worker: string, guest: string, grants: string): void {
    const insert = this.#run("INSERT OR REPLACE INTO permits (worker, guest, grants) VALUES (?, ?, ?)");
    this.together(() => insert.run(worker, guest, grants));
  }

  permitted(worker: string, guest: string): string | undefined {
    const row = this.#run("SELECT grants FROM permits WHERE worker = ? AND guest = ?").get(worker, guest);
    return row === undefined ? undefined : String(row.grants);
  }

  /** Of one guest, or of all of the worker. */
  revoke(worker: string, guest?: string): void {
    const remove = this.#run("DELETE FROM permits WHERE worker = ?1 AND (?2 IS NULL OR guest = ?2)");
    this.together(() => remove.run(worker, guest ?? null));
  }

  /** Forgets what every other worker was permitted. */
  keepPermits(workers: readonly string[]): void {
    const remove = this.#run("DELETE FROM permits WHERE worker NOT IN (SELECT value FROM json_each(?))");
    this.together(() => remove.run(JSON.stringify(workers)));
  }

  #counts(store: number): { bytes: number; numbers: number } {
    const row = this.#run("SELECT bytes, numbers FROM stores WHERE id = ?").get(store);
    return { bytes: Number(row?.bytes), numbers: Number(row?.numbers) };
  }

  #checkKeys(keys: readonly string[]): void {
    const { keyBytesMax, keysMax, keysBytesMax } = this.#limits;
    if (keys.length > keysMax) throw tooLarge(`${keys.length} keys; ${keysMax} is the most of one call`);
    let total = 0;
    for (const key of keys) {
      const bytes = Buffer.byteLength(key);
      if (bytes > keyBytesMax) throw tooLarge(`the key ${shown(key)} is longer than ${keyBytesMax} bytes`);
      total += bytes;
    }
    if (total > keysBytesMax)
      throw tooLarge(`the keys have ${total} bytes together; ${keysBytesMax} is the most of one call`);
  }

  #run(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#database.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }
}

/** A key for a message. */
function shown(key: string): string {
  return JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key);
}

function tooLarge(message: string): WarrenError {
  return new WarrenError("store.too-large", message, { status: 413 });
}

function notANumber(message: string): WarrenError {
  return new WarrenError("store.not-a-number", message, { status: 422 });
}
