// Runs commands of preview 1 with nothing but their arguments and their output, the same each time.
import { decodeModule } from "../../decode.ts";

export interface Output {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

class ProcExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

const ebadf = 8;
const enosys = 52;

/** The imports of a command, and what it wrote. `memory` is set once it is instantiated. */
export class CommandHost {
  memory!: WebAssembly.Memory;
  readonly imports: WebAssembly.Imports;
  readonly #written: [Buffer[], Buffer[]] = [[], []];
  readonly #args: Buffer[];
  #time = 1_700_000_000_000_000_000n;
  #random = 1;

  constructor(bytes: Uint8Array, args: readonly string[]) {
    this.#args = args.map((arg) => Buffer.from(`${arg}\0`));
    const own = this.#functions();
    const functions: Record<string, WebAssembly.ImportValue> = {};
    for (const { name } of decodeModule(bytes).imports) functions[name] = own[name] ?? (() => enosys);
    this.imports = { wasi_snapshot_preview1: functions };
  }

  /** Calls `_start` by `enter` and tells how it ended. */
  async run(enter: () => unknown): Promise<Output> {
    let code: number | string = 0;
    try {
      await enter();
    } catch (error) {
      code = error instanceof ProcExit ? error.code : (error as Error).message;
    }
    const [stdout, stderr] = this.#written.map((parts) => Buffer.concat(parts).toString()) as [string, string];
    return { code, stdout, stderr };
  }

  #nextRandom(): number {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) >>> 0;
    return this.#random >>> 16;
  }

  get #view(): DataView {
    return new DataView(this.memory.buffer);
  }

  #functions(): Record<string, (...args: never[]) => unknown> {
    return {
      args_sizes_get: (count: number, size: number) => {
        this.#view.setUint32(count, this.#args.length, true);
        this.#view.setUint32(size, Buffer.concat(this.#args).length, true);
        return 0;
      },
      args_get: (list: number, text: number) => {
        let at = text;
        for (const [i, arg] of this.#args.entries()) {
          this.#view.setUint32(list + 4 * i, at, true);
          new Uint8Array(this.memory.buffer).set(arg, at);
          at += arg.length;
        }
        return 0;
      },
      environ_sizes_get: (count: number, size: number) => {
        this.#view.setUint32(count, 0, true);
        this.#view.setUint32(size, 0, true);
        return 0;
      },
      environ_get: () => 0,
      clock_time_get: (_id: number, _precision: bigint, at: number) => {
        this.#time += 1000n;
        this.#view.setBigUint64(at, this.#time, true);
        return 0;
      },
      clock_res_get: (_id: number, at: number) => {
        this.#view.setBigUint64(at, 1n, true);
        return 0;
      },
      random_get: (at: number, length: number) => {
        const bytes = new Uint8Array(this.memory.buffer, at, length);
        for (let i = 0; i < length; i++) bytes[i] = this.#nextRandom();
        return 0;
      },
      fd_write: (fd: number, list: number, count: number, written: number) => {
        const output = this.#written[fd - 1];
        if (output === undefined) return ebadf;
        let total = 0;
        for (let i = 0; i < count; i++) {
          const length = this.#view.getUint32(list + 8 * i + 4, true);
          output.push(
            Buffer.from(new Uint8Array(this.memory.buffer, this.#view.getUint32(list + 8 * i, true), length)),
          );
          total += length;
        }
        this.#view.setUint32(written, total, true);
        return 0;
      },
      fd_fdstat_get: (fd: number, at: number) => {
        if (fd > 2) return ebadf;
        new Uint8Array(this.memory.buffer, at, 24).fill(0);
        this.#view.setUint8(at, 2); // a character device
        this.#view.setBigUint64(at + 8, 0x1fff_ffffn, true);
        return 0;
      },
      fd_prestat_get: () => ebadf,
      fd_read: (_fd: number, _list: number, _count: number, read: number) => {
        this.#view.setUint32(read, 0, true);
        return 0;
      },
      fd_close: () => 0,
      sched_yield: () => 0,
      poll_oneoff: (_in: number, _out: number, _count: number, events: number) => {
        this.#view.setUint32(events, 0, true);
        return 0;
      },
      proc_exit: (code: number) => {
        throw new ProcExit(code);
      },
    };
  }
}
