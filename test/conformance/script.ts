// Runs a script of the specification's test-suite in a world of its own and writes down all that can be seen of it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adapt } from "./vector-adapter.ts";

/** As the crate json-from-wast writes it. */
interface Value {
  readonly type: string;
  readonly value?: string | readonly string[];
  readonly lane_type?: string;
}

interface Action {
  readonly type: "invoke" | "get";
  readonly module?: string;
  readonly field: string;
  readonly args: readonly Value[];
}

interface Command {
  readonly type: string;
  readonly line: number;
  readonly name?: string;
  readonly as?: string;
  readonly instance?: string;
  readonly module?: string;
  readonly filename?: string;
  readonly binary_filename?: string;
  readonly module_type?: string;
  readonly action?: Action;
}

/** How modules are made in a world. */
export interface World {
  compile(bytes: Uint8Array): WebAssembly.Module;
  /** Calls the start function as well. */
  instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Exports;
  /** Before each action. */
  beforeAction?(): void;
}

const host = Array.from({ length: 64 }, (_, i) => ({ host: i }));

/** Runs a script and returns one line for each command. */
export function runScript(folder: string, name: string, world: World): string[] {
  const { commands } = JSON.parse(readFileSync(join(folder, name), "utf8")) as { commands: Command[] };
  return new Script(folder, world).run(commands);
}

class Script {
  readonly #folder: string;
  readonly #world: World;
  readonly #registry: WebAssembly.Imports = { spectest: spectest() };
  readonly #named = new Map<string, WebAssembly.Exports>();
  readonly #definitions = new Map<string, WebAssembly.Module>();
  #definition: WebAssembly.Module | undefined;
  #current: WebAssembly.Exports | undefined;

  constructor(folder: string, world: World) {
    this.#folder = folder;
    this.#world = world;
  }

  run(commands: readonly Command[]): string[] {
    return commands.map((command) => `${command.line} ${command.type}: ${this.#outcome(() => this.#command(command))}`);
  }

  #outcome(act: () => string): string {
    try {
      return act();
    } catch (error) {
      return describeError(error);
    }
  }

  #command(command: Command): string {
    switch (command.type) {
      case "module": {
        this.#current = undefined;
        const exports = this.#instantiate(this.#compile(command));
        this.#current = exports;
        if (command.name !== undefined) this.#named.set(command.name, exports);
        return `instantiated with ${Object.keys(exports)
          .filter((name) => !name.startsWith("warren."))
          .join()}`;
      }
      case "module_definition":
        this.#definition = this.#compile(command);
        if (command.name !== undefined) this.#definitions.set(command.name, this.#definition);
        return "compiled";
      case "module_instance": {
        const definition = command.module === undefined ? this.#definition : this.#definitions.get(command.module);
        this.#current = this.#instantiate(definition!);
        if (command.instance !== undefined) this.#named.set(command.instance, this.#current);
        return "instantiated";
      }
      case "register":
        this.#registry[command.as!] = this.#module(command.name) as WebAssembly.ModuleImports;
        return "registered";
      case "assert_malformed":
      case "assert_invalid":
      case "assert_malformed_custom":
      case "assert_invalid_custom":
        if (command.module_type !== "binary") return "text";
        try {
          this.#compile(command);
        } catch {
          return "refused";
        }
        return "compiled";
      case "assert_unlinkable":
      case "assert_uninstantiable":
        this.#instantiate(this.#compile(command));
        return "instantiated";
      case "action":
      case "assert_return":
      case "assert_trap":
      case "assert_exhaustion":
      case "assert_exception":
        return this.#act(command.action!);
      default:
        throw new Error(`the command ${command.type} is not known`);
    }
  }

  #compile({ filename, binary_filename }: Command): WebAssembly.Module {
    return this.#world.compile(new Uint8Array(readFileSync(join(this.#folder, binary_filename ?? filename!))));
  }

  #instantiate(module: WebAssembly.Module): WebAssembly.Exports {
    return this.#world.instantiate(module, this.#registry);
  }

  #module(name: string | undefined): WebAssembly.Exports {
    const found = name === undefined ? this.#current : this.#named.get(name);
    if (found === undefined) throw new Error("there is no such module");
    return found;
  }

  #act({ type, module, field, args }: Action): string {
    const exports = this.#module(module);
    const target = exports[field];
    if (type === "get") return describe((target as WebAssembly.Global).value);
    this.#world.beforeAction?.();
    const call = target as (...values: unknown[]) => unknown;
    try {
      return describe(call(...args.map(toJs)));
    } catch (error) {
      // Vectors and references of some types cannot pass through JavaScript: a module does it.
      if (!(error instanceof TypeError) || typeof target !== "function") throw error;
      return adapt(target as WebAssembly.ExportValue, args.map(toBytes));
    }
  }
}

function toJs({ type, value }: Value): unknown {
  switch (type) {
    case "i32":
      return Number(value);
    case "i64":
      return BigInt(value as string);
    case "f32":
      return new Float32Array(Uint32Array.of(bits(value as string, 0x7fc0_0000n)).buffer)[0];
    case "f64":
      return new Float64Array(BigUint64Array.of(bits64(value as string)).buffer)[0];
    case "externref":
    case "anyref":
      return value === undefined || value === "null" ? null : host[Number(value)];
    default:
      return null;
  }
}

/** Little-endian bytes of a constant as the adapter takes it; undefined for references. */
function toBytes(constant: Value): { readonly type: string; readonly bytes: Uint8Array } {
  const { type, value, lane_type: lane } = constant;
  if (type !== "v128") return { type, bytes: scalar(type, value as string) };
  return { type, bytes: Buffer.concat((value as readonly string[]).map((item) => scalar(lane!, item))) };
}

function scalar(type: string, value: string): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  switch (type) {
    case "f32":
      view.setUint32(0, bits(value, 0x7fc0_0000n), true);
      return bytes.subarray(0, 4);
    case "f64":
      view.setBigUint64(0, bits64(value), true);
      return bytes;
    default: {
      const size = { i8: 1, i16: 2, i32: 4, i64: 8 }[type] ?? 0;
      if (size > 0) view.setBigInt64(0, BigInt(value), true);
      return bytes.subarray(0, size);
    }
  }
}

function bits(value: string, nan: bigint): number {
  return Number(BigInt.asUintN(32, value.startsWith("nan") ? nan : BigInt(value)));
}

function bits64(value: string): bigint {
  return BigInt.asUintN(64, value.startsWith("nan") ? 0x7ff8_0000_0000_0000n : BigInt(value));
}

export function describe(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describe).join()}]`;
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value === "object" && value !== null) return "host" in value ? `host ${String(value.host)}` : "object";
  return Object.is(value, -0) ? "-0" : `${typeof value} ${String(value)}`;
}

function describeError(error: unknown): string {
  if (error instanceof WebAssembly.Exception) return "exception";
  if (error instanceof RangeError) return "RangeError";
  // Their words name offsets, which differ, and the maxima that the host set.
  if (error instanceof WebAssembly.CompileError) return "CompileError";
  if (error instanceof WebAssembly.LinkError) return "LinkError";
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return `thrown ${describe(error)}`;
}

function spectest(): WebAssembly.ModuleImports {
  const table = { initial: 10, maximum: 20, element: "anyfunc" } as const;
  return {
    print: () => {},
    print_i32: () => {},
    print_i64: () => {},
    print_f32: () => {},
    print_f64: () => {},
    print_i32_f32: () => {},
    print_f64_f64: () => {},
    global_i32: new WebAssembly.Global({ value: "i32" }, 666),
    global_i64: new WebAssembly.Global({ value: "i64" }, 666n),
    global_f32: new WebAssembly.Global({ value: "f32" }, 666.6),
    global_f64: new WebAssembly.Global({ value: "f64" }, 666.6),
    table: new WebAssembly.Table(table),
    table64: new WebAssembly.Table({
      address: "i64",
      initial: 10n,
      maximum: 20n,
      element: "anyfunc",
    } as unknown as WebAssembly.TableDescriptor),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  };
}
