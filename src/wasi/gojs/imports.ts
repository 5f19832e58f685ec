import type { Clocks } from "../clocks.ts";
import type { RandomSource } from "../random.ts";
import {
  numberOf,
  ScriptArray,
  ScriptBytes,
  ScriptError,
  ScriptFunction,
  ScriptObject,
  textOf,
  type Value,
} from "./value.ts";
import type { ValueTable } from "./value-table.ts";

/** What the functions reach of the program and its host. */
export interface GojsHost {
  readonly values: ValueTable;
  readonly clocks: Clocks;
  readonly random: RandomSource;
  memory(): ArrayBuffer;
  /** Where the stack is now: a call of ours may have run the program meanwhile. */
  stackPointer(): number;
  /** Ends the program; throws. */
  exit(code: number): never;
  write(fd: number, bytes: Uint8Array): void;
  setTimeout(ms: number): number;
  clearTimeout(id: number): void;
}

/** Names of the functions as Go imports them from the module `gojs` (lib/wasm/wasm_exec.js). Each takes the stack pointer, where its arguments are. */
export function gojsImports(host: GojsHost): Record<string, (sp: number) => void> {
  const { values } = host;
  const decoder = new TextDecoder("utf-8");
  const view = () => new DataView(host.memory());

  function slice(at: number): Uint8Array {
    const of = view();
    return new Uint8Array(host.memory(), length(of, at), length(of, at + 8));
  }
  function text(at: number): string {
    return decoder.decode(slice(at));
  }
  function list(at: number): Value[] {
    const of = view();
    const start = length(of, at);
    return Array.from({ length: length(of, at + 8) }, (_, i) => values.load(of, start + i * 8));
  }
  /** A call that may throw for the guest: its result, or what it threw, and after that whether it succeeded. */
  function attempt(at: number, call: () => Value): void {
    let result: Value;
    let succeeded = 1;
    try {
      result = call();
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      result = error.value;
      succeeded = 0;
    }
    const sp = host.stackPointer() >>> 0;
    values.store(view(), sp + at, result);
    view().setUint8(sp + at + 8, succeeded);
  }

  return shielded({
    "runtime.wasmExit": (sp) => host.exit(view().getInt32(sp + 8, true)),
    "runtime.wasmWrite": (sp) => {
      const of = view();
      host.write(length(of, sp + 8), new Uint8Array(host.memory(), length(of, sp + 16), of.getUint32(sp + 24, true)));
    },
    "runtime.resetMemoryDataView": () => {},
    "runtime.nanotime1": (sp) => view().setBigInt64(sp + 8, host.clocks.monotonic(), true),
    "runtime.walltime": (sp) => {
      const now = host.clocks.realtime();
      view().setBigInt64(sp + 8, now / 1_000_000_000n, true);
      view().setInt32(sp + 16, Number(now % 1_000_000_000n), true);
    },
    "runtime.scheduleTimeoutEvent": (sp) => {
      const id = host.setTimeout(Number(view().getBigInt64(sp + 8, true)));
      view().setInt32(sp + 16, id, true);
    },
    "runtime.clearTimeoutEvent": (sp) => host.clearTimeout(view().getInt32(sp + 8, true)),
    "runtime.getRandomData": (sp) => host.random(slice(sp + 8)),
    "syscall/js.finalizeRef": (sp) => values.release(view().getUint32(sp + 8, true)),
    "syscall/js.stringVal": (sp) => values.store(view(), sp + 24, text(sp + 8)),
    "syscall/js.valueGet": (sp) => {
      const result = property(values.load(view(), sp + 8), text(sp + 16));
      values.store(view(), sp + 32, result);
    },
    "syscall/js.valueSet": (sp) => {
      const target = values.load(view(), sp + 8);
      if (target instanceof ScriptObject) target.set(text(sp + 16), values.load(view(), sp + 32));
    },
    "syscall/js.valueDelete": (sp) => {
      const target = values.load(view(), sp + 8);
      if (target instanceof ScriptObject) target.properties.delete(text(sp + 16));
    },
    "syscall/js.valueIndex": (sp) => {
      const at = Number(view().getBigInt64(sp + 16, true));
      const target = values.load(view(), sp + 8);
      const items = target instanceof ScriptArray ? target.items : target instanceof ScriptBytes ? target.bytes : [];
      values.store(view(), sp + 24, Object.hasOwn(items, at) ? items[at] : undefined);
    },
    "syscall/js.valueSetIndex": (sp) => {
      const at = Number(view().getBigInt64(sp + 16, true));
      const target = values.load(view(), sp + 8);
      const value = values.load(view(), sp + 24);
      if (target instanceof ScriptBytes && at >= 0 && at < target.bytes.length) target.bytes[at] = numberOf(value);
      // One after the last lengthens it; holes there are none.
      if (target instanceof ScriptArray && at >= 0 && at <= target.items.length) target.items[at] = value;
    },
    "syscall/js.valueCall": (sp) =>
      attempt(56, () => {
        const self = values.load(view(), sp + 8);
        const name = text(sp + 16);
        return invoke(property(self, name), self, list(sp + 32), name);
      }),
    "syscall/js.valueInvoke": (sp) =>
      attempt(40, () => invoke(values.load(view(), sp + 8), undefined, list(sp + 16), "the value")),
    "syscall/js.valueNew": (sp) =>
      attempt(40, () => {
        const target = values.load(view(), sp + 8);
        if (!(target instanceof ScriptFunction) || target.construct === undefined)
          throw new ScriptError(`${textOf(target)} is not a constructor`);
        return target.construct(list(sp + 16));
      }),
    "syscall/js.valueLength": (sp) => {
      const count = numberOf(property(values.load(view(), sp + 8), "length"));
      view().setBigInt64(sp + 16, BigInt(Number.isSafeInteger(count) ? count : 0), true);
    },
    "syscall/js.valuePrepareString": (sp) => {
      const bytes = new TextEncoder().encode(textOf(values.load(view(), sp + 8)));
      values.store(view(), sp + 16, new ScriptBytes(bytes));
      view().setBigInt64(sp + 24, BigInt(bytes.length), true);
    },
    "syscall/js.valueLoadString": (sp) => {
      const source = values.load(view(), sp + 8);
      const target = slice(sp + 16);
      if (source instanceof ScriptBytes) target.set(source.bytes.subarray(0, target.length));
    },
    "syscall/js.valueInstanceOf": (sp) => {
      const type = values.load(view(), sp + 16);
      const value = values.load(view(), sp + 8);
      const yes = type instanceof ScriptFunction && type.isInstance?.(value) === true;
      view().setUint8(sp + 24, yes ? 1 : 0);
    },
    "syscall/js.copyBytesToGo": (sp) => {
      const source = values.load(view(), sp + 32);
      copy(view(), sp, slice(sp + 8), source instanceof ScriptBytes ? source.bytes : undefined);
    },
    "syscall/js.copyBytesToJS": (sp) => {
      const target = values.load(view(), sp + 8);
      const source = slice(sp + 16);
      copy(view(), sp, target instanceof ScriptBytes ? target.bytes : undefined, source);
    },
    debug: () => {},
  });
}

/** A stack pointer is an unsigned number, and JavaScript gets it signed. */
function shielded(functions: Record<string, (sp: number) => void>): Record<string, (sp: number) => void> {
  const entries = Object.entries(functions).map(([name, call]) => [name, (sp: number) => call(sp >>> 0)] as const);
  return Object.fromEntries(entries);
}

/** A 64-bit length or address; one that memory cannot have fails where it is used. */
function length(view: DataView, at: number): number {
  return Number(view.getBigInt64(at, true));
}

function copy(view: DataView, sp: number, target: Uint8Array | undefined, source: Uint8Array | undefined): void {
  if (target === undefined || source === undefined) {
    view.setUint8(sp + 48, 0);
    return;
  }
  const part = source.subarray(0, target.length);
  target.set(part);
  view.setBigInt64(sp + 40, BigInt(part.length), true);
  view.setUint8(sp + 48, 1);
}

function property(value: Value, name: string): Value {
  if (value instanceof ScriptObject) return value.get(name);
  return typeof value === "string" && name === "length" ? value.length : undefined;
}

function invoke(target: Value, self: Value, args: readonly Value[], name: string): Value {
  if (!(target instanceof ScriptFunction)) throw new ScriptError(`${name} is not a function`);
  return target.call(self, args);
}
