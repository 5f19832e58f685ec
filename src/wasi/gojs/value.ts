/**
 * What a Go program for GOOS=js sees as JavaScript's values. Objects are ours alone: nothing of the host's JavaScript is ever a value,
 * and properties are entries of a map. A host's object would lead by its prototype to its constructor, and from there to
 * `Function`, which makes code of any text.
 */
export type Value = undefined | null | boolean | number | string | ScriptObject;

export type Call = (self: Value, args: readonly Value[]) => Value;

export class ScriptObject {
  readonly properties: Map<string, Value>;

  constructor(properties: Readonly<Record<string, Value>> = {}) {
    this.properties = new Map(Object.entries(properties));
  }

  get(name: string): Value {
    return this.properties.get(name);
  }

  set(name: string, value: Value): void {
    this.properties.set(name, value);
  }
}

export class ScriptArray extends ScriptObject {
  readonly items: Value[];

  constructor(items: Value[]) {
    super();
    this.items = items;
  }

  override get(name: string): Value {
    return name === "length" ? this.items.length : super.get(name);
  }
}

/** A Uint8Array. */
export class ScriptBytes extends ScriptObject {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super();
    this.bytes = bytes;
  }

  override get(name: string): Value {
    return name === "length" || name === "byteLength" ? this.bytes.length : super.get(name);
  }
}

export class ScriptFunction extends ScriptObject {
  readonly call: Call;
  /** What `new` gives; without it the function is no constructor. */
  readonly construct: ((args: readonly Value[]) => Value) | undefined;
  /** What `instanceof` says yes to. */
  readonly isInstance: ((value: Value) => boolean) | undefined;

  constructor(call: Call, construct?: (args: readonly Value[]) => Value, isInstance?: (value: Value) => boolean) {
    super();
    this.call = call;
    this.construct = construct;
    this.isInstance = isInstance;
  }
}

/** What a call of ours throws for the guest to catch: an object with `message` and, for system calls, `code`. */
export class ScriptError extends Error {
  readonly value: ScriptObject;

  constructor(message: string, properties: Readonly<Record<string, Value>> = {}) {
    super(message);
    this.value = new ScriptObject({ name: "Error", message, ...properties });
  }
}

export function method(call: (args: readonly Value[]) => Value): ScriptFunction {
  return new ScriptFunction((_self, args) => call(args));
}

/** String(value), without asking any object of the guest's. */
export function textOf(value: Value): string {
  if (!(value instanceof ScriptObject)) return String(value);
  const message = value.get("message");
  if (typeof message === "string") return `${textOf(value.get("name") ?? "Error")}: ${message}`;
  if (value instanceof ScriptArray) return "[array]";
  return value instanceof ScriptFunction ? "[function]" : "[object Object]";
}

export function numberOf(value: Value): number {
  return typeof value === "number" ? value : Number.NaN;
}
