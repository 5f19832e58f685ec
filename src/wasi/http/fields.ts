import { fieldBytesOf, fieldValueOf, isFieldName, isForbidden } from "./field-syntax.ts";

/** A field of a message; the value has one character a byte. */
export type Field = readonly [name: string, value: string];

/** Why fields were not changed: `header-error` of wasi:http, and `too-large`, for which that has no case. */
export type FieldProblem = "invalid-syntax" | "forbidden" | "immutable" | "too-large";

/** Of one set of fields, counted as below. */
const fieldBytesMax = 128 * 1024;
/** What the host holds for a field besides its text, roughly. */
const bytesAField = 64;

/** Counts what the fields of one guest hold together. */
export interface FieldAccount {
  /** False when it is too much, and then it is not counted. */
  add(bytes: number): boolean;
  remove(bytes: number): void;
}

/**
 * The fields of a message's head or trailer, in order and as they were given; names are compared without regard to case. Those that came
 * with a message are looked at when a guest first asks.
 */
export class Fields {
  readonly #account: FieldAccount;
  #list: readonly Field[];
  #state: "raw" | "immutable" | "mutable";
  /** What the account counts for it. */
  #bytes = 0;

  private constructor(account: FieldAccount, list: readonly Field[], state: "raw" | "immutable" | "mutable") {
    this.#account = account;
    this.#list = list;
    this.#state = state;
  }

  static empty(account: FieldAccount): Fields {
    return new Fields(account, [], "mutable");
  }

  /** Of a message that came; what its guest is not to see is left out. The list is not the guest's to pay for. */
  static received(account: FieldAccount, list: readonly Field[]): Fields {
    return new Fields(account, list, "raw");
  }

  static from(account: FieldAccount, entries: readonly (readonly [string, Uint8Array])[]): Fields | FieldProblem {
    const fields = new Fields(account, [], "mutable");
    for (const [name, value] of entries) {
      const problem = fields.append(name, value);
      if (problem === undefined) continue;
      fields.release();
      return problem;
    }
    return fields;
  }

  get list(): readonly Field[] {
    if (this.#state === "raw") {
      this.#state = "immutable";
      const kept = this.#list.filter(([name]) => !isForbidden(name.toLowerCase()));
      if (kept.length < this.#list.length) this.#list = kept;
    }
    return this.#list;
  }

  /** From now on it does not change. */
  freeze(): void {
    if (this.#state === "mutable") this.#state = "immutable";
  }

  /** The same fields, not to be changed, for whoever asks a message for them: the list is shared. */
  view(): Fields {
    return new Fields(this.#account, this.list, "immutable");
  }

  /** Undefined when they are too large. */
  clone(): Fields | undefined {
    const list = this.list;
    let bytes = 0;
    for (const [name, value] of list) bytes += name.length + value.length + bytesAField;
    const copy = new Fields(this.#account, list.slice(), "mutable");
    return copy.#resize(bytes) ? copy : undefined;
  }

  get(name: string): Uint8Array[] {
    const key = name.toLowerCase();
    const values: Uint8Array[] = [];
    for (const field of this.list) if (isNamed(field, key)) values.push(fieldBytesOf(field[1]));
    return values;
  }

  /** The value of the first one of that name, which is in lower case. */
  first(key: string): string | undefined {
    for (const field of this.list) if (isNamed(field, key)) return field[1];
    return undefined;
  }

  has(name: string): boolean {
    const key = name.toLowerCase();
    return this.list.some((field) => isNamed(field, key));
  }

  entries(): [name: string, value: Uint8Array][] {
    return this.list.map(([name, value]) => [name, fieldBytesOf(value)]);
  }

  /** Takes the place of the first one of that name; others of it are removed. */
  set(name: string, values: readonly Uint8Array[]): FieldProblem | undefined {
    const key = name.toLowerCase();
    const problem = this.#problem(name, key);
    if (problem !== undefined) return problem;
    const added: Field[] = [];
    let bytes = this.#bytes;
    for (const value of values) {
      const text = fieldValueOf(key, value);
      if (text === undefined) return "invalid-syntax";
      added.push([name, text]);
      bytes += name.length + text.length + bytesAField;
    }
    const list: Field[] = [];
    let placed = false;
    for (const field of this.#list) {
      if (!isNamed(field, key)) {
        list.push(field);
        continue;
      }
      bytes -= field[0].length + field[1].length + bytesAField;
      if (!placed) list.push(...added);
      placed = true;
    }
    if (!placed) list.push(...added);
    if (!this.#resize(bytes)) return "too-large";
    this.#list = list;
    return undefined;
  }

  delete(name: string): FieldProblem | undefined {
    return this.set(name, []);
  }

  append(name: string, value: Uint8Array): FieldProblem | undefined {
    const key = name.toLowerCase();
    const problem = this.#problem(name, key);
    if (problem !== undefined) return problem;
    const text = fieldValueOf(key, value);
    if (text === undefined) return "invalid-syntax";
    if (!this.#resize(this.#bytes + name.length + text.length + bytesAField)) return "too-large";
    // Lists are shared once they are immutable only.
    (this.#list as Field[]).push([name, text]);
    return undefined;
  }

  /** Nobody counts it any more. */
  release(): void {
    this.#account.remove(this.#bytes);
    this.#bytes = 0;
  }

  #problem(name: string, key: string): FieldProblem | undefined {
    if (!isFieldName(name)) return "invalid-syntax";
    if (isForbidden(key)) return "forbidden";
    return this.#state === "mutable" ? undefined : "immutable";
  }

  #resize(bytes: number): boolean {
    const more = bytes - this.#bytes;
    if (more > 0 && (bytes > fieldBytesMax || !this.#account.add(more))) return false;
    if (more < 0) this.#account.remove(-more);
    this.#bytes = bytes;
    return true;
  }
}

function isNamed(field: Field, key: string): boolean {
  const name = field[0];
  return name.length === key.length && (name === key || name.toLowerCase() === key);
}
