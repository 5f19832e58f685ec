import { errno } from "../errno.ts";

/** IOV_MAX of Linux. */
const iovsMax = 1024;
/** PATH_MAX of Linux. */
const stringBytesMax = 4096;

/** Ends a call whose arguments the guest got wrong; {@link guarded} turns it into the errno that the guest sees. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly errno: number;

  constructor(code: number = errno.FAULT) {
    super(`errno ${code}`);
    this.errno = code;
  }
}

/** Makes a preview-1 function return the errno of a {@link Fault} that its body throws. */
export function guarded<A extends readonly unknown[]>(call: (...args: A) => number): (...args: A) => number {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      if (error instanceof Fault) return error.errno;
      throw error;
    }
  };
}

// fatal: a path that is not UTF-8 has no meaning here, and replacing bytes would make two names one.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A guest's memory as the host functions read and write it. Pointers and lengths are what the guest passed, taken as
 * unsigned; everything out of range throws a {@link Fault}. Views live until the guest runs again: it may grow the memory.
 */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined;
  #u8: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#u8.buffer);

  /** The memory may come later by {@link attach}; until then every pointer is out of range. */
  constructor(memory?: WebAssembly.Memory) {
    this.#memory = memory;
  }

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.#u8 = new Uint8Array(0);
  }

  /** The whole memory. */
  u8(): Uint8Array {
    this.#refresh();
    return this.#u8;
  }

  /** The whole memory. */
  view(): DataView {
    this.#refresh();
    return this.#view;
  }

  /** A part of the memory. */
  bytes(pointer: number, length: number): Uint8Array {
    const start = this.check(pointer, length);
    return this.#u8.subarray(start, start + (length >>> 0));
  }

  /** The address as an unsigned number, if `length` bytes from there are in range: to be asked before an effect. */
  check(pointer: number, length: number): number {
    this.#refresh();
    const start = pointer >>> 0;
    if (start + (length >>> 0) > this.#u8.length) throw new Fault();
    return start;
  }

  /** The buffers of an array of `iovec` or `ciovec` (8 bytes each: address, length); empty ones are left out. */
  iovs(pointer: number, count: number): Uint8Array[] {
    const length = count >>> 0;
    if (length > iovsMax) throw new Fault(errno.INVAL);
    const start = this.check(pointer, length * 8);
    const view = this.#view;
    const buffers: Uint8Array[] = [];
    let total = 0;
    for (let at = start; at < start + length * 8; at += 8) {
      const size = view.getUint32(at + 4, true);
      if (size === 0) continue;
      total += size;
      buffers.push(this.bytes(view.getUint32(at, true), size));
    }
    // The count that the call gives back is a u32 (POSIX readv: EINVAL if the sum overflows).
    if (total > 0xffff_ffff) throw new Fault(errno.INVAL);
    return buffers;
  }

  /** UTF-8 text such as a path: ILSEQ where it is not UTF-8, INVAL where it holds NUL, NAMETOOLONG over 4096 bytes. */
  string(pointer: number, length: number): string {
    const bytes = this.bytes(pointer, length);
    if (bytes.length > stringBytesMax) throw new Fault(errno.NAMETOOLONG);
    if (bytes.includes(0)) throw new Fault(errno.INVAL);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new Fault(errno.ILSEQ);
    }
  }

  getU32(pointer: number): number {
    return this.#at(pointer, 4).getUint32(pointer >>> 0, true);
  }

  getU64(pointer: number): bigint {
    return this.#at(pointer, 8).getBigUint64(pointer >>> 0, true);
  }

  setU8(pointer: number, value: number): void {
    this.#at(pointer, 1).setUint8(pointer >>> 0, value);
  }

  setU16(pointer: number, value: number): void {
    this.#at(pointer, 2).setUint16(pointer >>> 0, value, true);
  }

  setU32(pointer: number, value: number): void {
    this.#at(pointer, 4).setUint32(pointer >>> 0, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    this.#at(pointer, 8).setBigUint64(pointer >>> 0, value, true);
  }

  #at(pointer: number, length: number): DataView {
    this.check(pointer, length);
    return this.#view;
  }

  #refresh(): void {
    // Growth detaches the old buffer (JS API §5.3; shared memories, where it would not, are refused): its views have no
    // length then. Asking the memory for its buffer costs more.
    if (this.#u8.length > 0 || this.#memory === undefined) return;
    this.#u8 = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }
}
