/** Why a store does not do what it was asked to; to a guest, `wasi:keyvalue/store.error`. */
export type KeyValueError =
  | { readonly tag: "no-such-store"; readonly val: undefined }
  | { readonly tag: "access-denied"; readonly val: undefined }
  /** For the guest's developer to read. */
  | { readonly tag: "other"; readonly val: string };

export type KeyValueOutcome<T> =
  | { readonly tag: "ok"; readonly val: T }
  | { readonly tag: "err"; readonly val: KeyValueError };

/** An answer at once, or later where it lies elsewhere. It does not reject. */
export type KeyValueAnswer<T> = KeyValueOutcome<T> | Promise<KeyValueOutcome<T>>;

/** What an instance may keep values in. */
export interface KeyValueStore {
  /** A bucket by the name that the guest has for it; the empty name is its own. */
  open(identifier: string): KeyValueAnswer<KeyValueBucket>;
}

/**
 * Values by key. What one instance has written, every instance that has the same bucket reads from then on. Values that are given are copied
 * before the call returns; values that are answered with are the caller's to read, not to change.
 */
export interface KeyValueBucket {
  get(key: string): KeyValueAnswer<Uint8Array | undefined>;
  set(key: string, value: Uint8Array): KeyValueAnswer<undefined>;
  /** Done as well when there is no such key. */
  delete(key: string): KeyValueAnswer<undefined>;
  exists(key: string): KeyValueAnswer<boolean>;
  /** Some keys, and where to go on, if anywhere. */
  listKeys(cursor: bigint | undefined): KeyValueAnswer<KeyPage>;
  /** Adds to a number, which is kept as decimal text, 0 when there is none. The sum. */
  increment(key: string, delta: bigint): KeyValueAnswer<bigint>;
  /** In the order of the keys. */
  getMany(keys: readonly string[]): KeyValueAnswer<readonly (Uint8Array | undefined)[]>;
  /** All or, when there is no room, none. */
  setMany(entries: readonly (readonly [key: string, value: Uint8Array])[]): KeyValueAnswer<undefined>;
  deleteMany(keys: readonly string[]): KeyValueAnswer<undefined>;
}

export interface KeyPage {
  readonly keys: readonly string[];
  readonly cursor: bigint | undefined;
}
