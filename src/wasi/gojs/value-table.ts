import { ScriptFunction, type Value } from "./value.ts";

/** Values that a guest may hold at a time. */
const valuesMax = 1 << 20;
const nanHead = 0x7ff8_0000;
const flag = { none: 0, object: 1, string: 2, function: 4 } as const;

/**
 * The values that a Go program holds, by reference: a float64 that is a number, or a NaN with the value's place in this table
 * (Go: syscall/js/js.go, `type ref`; lib/wasm/wasm_exec.js). The first places are fixed.
 */
export class ValueTable {
  readonly #values: Value[];
  readonly #counts: number[];
  readonly #places: Map<Value, number>;
  readonly #free: number[] = [];

  constructor(global: Value, go: Value) {
    this.#values = [Number.NaN, 0, null, true, false, global, go];
    this.#counts = this.#values.map(() => Number.POSITIVE_INFINITY);
    this.#places = new Map(this.#values.map((value, place) => [value, place]));
  }

  /** Values that are held besides the fixed ones. */
  get size(): number {
    return this.#places.size - 7;
  }

  load(view: DataView, at: number): Value {
    const number = view.getFloat64(at, true);
    if (number === 0) return undefined;
    if (!Number.isNaN(number)) return number;
    return this.#values[view.getUint32(at, true)];
  }

  store(view: DataView, at: number, value: Value): void {
    if (typeof value === "number" && value !== 0) {
      if (Number.isNaN(value)) {
        view.setUint32(at + 4, nanHead, true);
        view.setUint32(at, 0, true);
      } else {
        view.setFloat64(at, value, true);
      }
      return;
    }
    if (value === undefined) {
      view.setFloat64(at, 0, true);
      return;
    }
    // Of -0 there is no reference: maps and Go take it for 0.
    const place = this.#places.get(value) ?? this.#add(value);
    this.#counts[place]!++;
    view.setUint32(at + 4, nanHead | flagOf(value), true);
    view.setUint32(at, place, true);
  }

  /** Go holds a reference less. */
  release(place: number): void {
    const left = (this.#counts[place] ?? 0) - 1;
    if (Number.isNaN(left) || left < 0) return;
    this.#counts[place] = left;
    if (left > 0) return;
    this.#places.delete(this.#values[place]);
    this.#values[place] = null;
    this.#free.push(place);
  }

  #add(value: Value): number {
    const place = this.#free.pop() ?? this.#values.length;
    if (place >= valuesMax) throw new RangeError("the program holds too many values");
    this.#values[place] = value;
    this.#counts[place] = 0;
    this.#places.set(value, place);
    return place;
  }
}

function flagOf(value: Value): number {
  if (typeof value === "string") return flag.string;
  if (value instanceof ScriptFunction) return flag.function;
  return typeof value === "object" && value !== null ? flag.object : flag.none;
}
