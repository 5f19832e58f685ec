import type { Clocks } from "../clocks.ts";
import type { DescriptorTable } from "../descriptor-table.ts";
import type { RandomSource } from "../random.ts";
import type { Dialler } from "../sockets/dialler.ts";
import { uncatchableError } from "../uncatchable.ts";
import { makeFetch } from "./fetch.ts";
import { makeFs } from "./files.ts";
import { makeGlobals } from "./globals.ts";
import { gojsImports } from "./imports.ts";
import { method, numberOf, ScriptArray, ScriptFunction, ScriptObject, type Value } from "./value.ts";
import { ValueTable } from "./value-table.ts";

/** setTimeout takes no more. */
const timeoutMsMax = 2 ** 31 - 1;
/** What Go's linker leaves for arguments and variables, from the address on where they are written (cmd/link: wasmMinDataAddr). */
const argumentsAt = 4096;
const argumentsEnd = 4096 + 8192;

export interface GojsOptions {
  /** The program's own name first. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard streams, then directories. */
  readonly table: DescriptorTable;
  /** What `fetch` connects by. */
  readonly dialler: Dialler;
  readonly clocks: Clocks;
  readonly random: RandomSource;
  /** Called each time that the program is about to run. */
  readonly onEnter?: (() => void) | undefined;
}

/** A Go program for GOOS=js: calls into it, and from it. */
export class GojsProgram {
  /** For the module `gojs`. */
  readonly imports: Record<string, (sp: number) => void>;
  /** The exit code; rejects with what the program trapped by. */
  readonly exited: Promise<number>;
  readonly #options: GojsOptions;
  readonly #go: ScriptObject;
  readonly #timers = new Map<number, NodeJS.Timeout>();
  readonly #ended = new AbortController();
  readonly #end: PromiseWithResolvers<number> = Promise.withResolvers();
  #exports: WebAssembly.Exports = {};
  #memory: WebAssembly.Memory | undefined;
  #nextTimer = 1;
  #due = 0;
  #over: boolean = false;
  #toldOfDeadlock: boolean = false;

  constructor(options: GojsOptions) {
    this.#options = options;
    this.exited = this.#end.promise;
    const directory = { path: options.env.PWD ?? "/" };
    const begin = () => this.#begin();
    const fs = makeFs({ table: options.table, directory, begin });
    const network = makeFetch({ dialler: options.dialler, begin, end: this.#ended.signal });
    this.#go = new ScriptObject({ _pendingEvent: null });
    this.#go.set(
      "_makeFuncWrapper",
      method(([id]) => this.#wrapper(numberOf(id))),
    );
    const global = makeGlobals({
      fs,
      network,
      random: options.random,
      directory,
      timezoneOffset: new Date().getTimezoneOffset(),
    });
    this.imports = gojsImports({
      values: new ValueTable(global, this.#go),
      clocks: options.clocks,
      random: options.random,
      memory: () => this.#memory!.buffer as ArrayBuffer,
      stackPointer: () => (this.#exports.getsp as () => number)(),
      exit: (code) => this.#exit(code),
      write: (fd, bytes) => void options.table.get(fd)?.write([bytes]),
      setTimeout: (ms) => this.#setTimeout(ms),
      clearTimeout: (id) => {
        clearTimeout(this.#timers.get(id));
        this.#timers.delete(id);
      },
    });
  }

  /** Runs it until it first waits; {@link exited} tells of its end. */
  start(exports: WebAssembly.Exports): void {
    this.#exports = exports;
    this.#memory = exports.mem as WebAssembly.Memory;
    this.#enter(() => {
      const [count, pointer] = this.#writeArguments();
      (exports.run as (count: number, pointer: number) => void)(count, pointer);
    });
  }

  /** Ends it while it waits: {@link exited} rejects with the error. */
  kill(error: Error): void {
    this.#finish(() => this.#end.reject(error));
  }

  /** Into the program, and out of it when it waits, has ended or trapped. */
  #enter(call: () => void): void {
    if (this.#over) return;
    this.#options.onEnter?.();
    try {
      call();
    } catch (error) {
      // What ended it was said already.
      if (!this.#over) this.#finish(() => this.#end.reject(error));
      return;
    }
    this.#checkDeadlock();
  }

  /** Nothing will ever wake it: Go looks for what it waits for, and says so. */
  #checkDeadlock(): void {
    if (this.#over || this.#due > 0 || this.#timers.size > 0) return;
    if (this.#toldOfDeadlock) {
      this.#finish(() => this.#end.resolve(2));
      return;
    }
    this.#toldOfDeadlock = true;
    this.#go.set("_pendingEvent", new ScriptObject({ id: 0 }));
    this.#enter(() => this.#resume());
  }

  #resume(): void {
    (this.#exports.resume as () => void)();
  }

  #begin(): (run: () => void) => void {
    this.#due++;
    return (run) => {
      setImmediate(() => {
        this.#due--;
        this.#enter(run);
      });
    };
  }

  #setTimeout(ms: number): number {
    const id = this.#nextTimer++;
    // Go clears the timer as it wakes by it. One that it has not taken for its own is told again (golang.org/issue/28975).
    const fire = () => {
      this.#enter(() => this.#resume());
      if (this.#timers.has(id)) this.#timers.set(id, setTimeout(fire, 1));
    };
    this.#timers.set(id, setTimeout(fire, Math.min(ms, timeoutMsMax)));
    return id;
  }

  /** A function of the program's, as others call it. */
  #wrapper(id: number): ScriptFunction {
    return new ScriptFunction((self, args) => {
      const event = new ScriptObject({ id, this: self, args: new ScriptArray([...args]) });
      this.#go.set("_pendingEvent", event);
      this.#resume();
      return event.get("result") as Value;
    });
  }

  #exit(code: number): never {
    this.#finish(() => this.#end.resolve(code));
    throw uncatchableError(`exit ${code}`);
  }

  #finish(settle: () => void): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#options.table.closeAll();
    this.#ended.abort();
    this.#options.dialler.close();
    settle();
  }

  /** Writes arguments and variables where Go looks for them. Throws RangeError when they are too long. */
  #writeArguments(): [count: number, pointer: number] {
    const { args, env } = this.#options;
    const memory = new Uint8Array(this.#memory!.buffer);
    const view = new DataView(memory.buffer);
    let at = argumentsAt;
    const write = (text: string): number => {
      const bytes = Buffer.from(`${text}\0`);
      const start = at;
      if (start + bytes.length >= argumentsEnd) throw new RangeError("arguments and variables are longer than 8 KiB");
      memory.set(bytes, start);
      at = Math.ceil((start + bytes.length) / 8) * 8;
      return start;
    };
    const variables = Object.entries(env).map(([name, value]) => write(`${name}=${value}`));
    const pointers = [...args.map(write), 0, ...variables, 0];
    if (at + pointers.length * 8 >= argumentsEnd) throw new RangeError("arguments and variables are longer than 8 KiB");
    for (const [i, pointer] of pointers.entries()) view.setBigUint64(at + i * 8, BigInt(pointer), true);
    return [args.length, at];
  }
}
