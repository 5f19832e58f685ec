import type { ComponentEnvironment } from "../host.ts";
import type { ComponentState, InstanceState } from "./instance-state.ts";

/** `realloc(old, oldBytes, align, bytes)` of a guest's. */
export type Realloc = (old: number, oldBytes: number, align: number, bytes: number) => number;

/** CanonicalABI.md: MAX_STRING_BYTE_LENGTH and MAX_LIST_BYTE_LENGTH. */
const bytesMax = 2 ** 28 - 1;

/** 4 KiB: what one card stands for. */
const cardShift = 12;

const none = new ArrayBuffer(0);
// A byte order mark is a character like any other.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Up to here a loop over the characters is faster than a call that leaves JavaScript. */
const shortBytesMax = 24;

/**
 * A memory as one component instance uses it. Addresses are unsigned here; those that come as arguments of a guest's are made so.
 * After anything that ran the guest, {@link fresh} must have been called before the views are used: growth detaches them.
 */
export class GuestMemory {
  readonly #state: InstanceState;
  readonly #component: ComponentState;
  readonly #environment: ComponentEnvironment;
  #memory: WebAssembly.Memory | undefined;
  #cards: Uint8Array | undefined;
  u8: Uint8Array = new Uint8Array(none);
  u16: Uint16Array = new Uint16Array(none);
  i32: Int32Array = new Int32Array(none);
  f32: Float32Array = new Float32Array(none);
  f64: Float64Array = new Float64Array(none);
  i64: BigInt64Array = new BigInt64Array(none);
  /** Length of what was lowered last: bytes, code units with their tag, or elements. */
  length = 0;

  constructor(state: InstanceState, component: ComponentState, environment: ComponentEnvironment) {
    this.#state = state;
    this.#component = component;
    this.#environment = environment;
  }

  bind(memory: unknown): void {
    if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("not a memory");
    this.#memory = memory;
    this.refresh();
  }

  fresh(): void {
    if (this.u8.length === 0) this.refresh();
  }

  refresh(): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    const { buffer } = memory;
    this.#cards = this.#environment.cards(memory);
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i64 = new BigInt64Array(buffer);
  }

  /** Says that this range is going to be written. */
  mark(address: number, bytes: number): void {
    const cards = this.#cards;
    if (cards === undefined || bytes === 0) return;
    const last = (address + bytes - 1) >>> cardShift;
    for (let card = address >>> cardShift; card <= last; card++) cards[card] = 1;
  }

  /** Checks a value's place that a guest gave. Its address. */
  area(pointer: number, bytes: number, align: number, where: number): number {
    const address = pointer >>> 0;
    if ((address & (align - 1)) !== 0) this.#state.trap(where, `pointer ${hex(address)} is not aligned to ${align}`);
    if (address + bytes > this.u8.length) this.#outside(address, bytes, where);
    return address;
  }

  /** As {@link area}, for the result's, which is about to be written. */
  resultArea(pointer: number, bytes: number, align: number, where: number): number {
    const address = this.area(pointer, bytes, align, where);
    this.mark(address, bytes);
    return address;
  }

  /** Checks a list's place, and that its elements are not too much for the host. Its address. */
  list(pointer: number, count: number, size: number, align: number, hostBytes: number, where: number): number {
    const bytes = (count >>> 0) * size;
    if (bytes > bytesMax) this.#state.trap(where, `a list of ${count >>> 0} elements is too long`);
    const address = this.area(pointer, bytes, align, where);
    this.#state.charge((count >>> 0) * hostBytes, where);
    return address;
  }

  /** A list of bytes as a view. */
  view(pointer: number, length: number, where: number): Uint8Array {
    const bytes = length >>> 0;
    if (bytes > bytesMax) this.#state.trap(where, `a list of ${bytes} elements is too long`);
    const address = this.area(pointer, bytes, 1, where);
    return new Uint8Array(this.u8.buffer, address, bytes);
  }

  /** As {@link view}, a copy. */
  copy(pointer: number, length: number, where: number): Uint8Array {
    const view = this.view(pointer, length, where);
    this.#state.charge(view.length, where);
    return view.slice();
  }

  utf8(pointer: number, length: number, where: number): string {
    const bytes = length >>> 0;
    if (bytes > bytesMax) this.#state.trap(where, `a string of ${bytes} bytes is too long`);
    const start = this.area(pointer, bytes, 1, where);
    this.#state.charge(bytes, where);
    const end = start + bytes;
    const { u8 } = this;
    if (bytes <= shortBytesMax) {
      let text = "";
      let at = start;
      for (; at < end; at++) {
        const byte = u8[at]!;
        if (byte > 0x7f) break;
        text += String.fromCharCode(byte);
      }
      if (at === end) return text;
    }
    try {
      return utf8.decode(u8.subarray(start, end));
    } catch {
      return this.#state.trap(where, "a string is not UTF-8");
    }
  }

  utf16(pointer: number, length: number, where: number): string {
    const bytes = (length >>> 0) * 2;
    if (bytes > bytesMax) this.#state.trap(where, `a string of ${bytes} bytes is too long`);
    const start = this.area(pointer, bytes, 2, where);
    this.#state.charge(bytes, where);
    const text = Buffer.from(this.u8.buffer, start, bytes).toString("utf16le");
    if (!text.isWellFormed()) this.#state.trap(where, "a string is not UTF-16");
    return text;
  }

  /** latin1+utf16: the highest bit of the length says which. */
  latin1OrUtf16(pointer: number, length: number, where: number): string {
    if (length < 0 || length > 0x7fff_ffff) return this.utf16(pointer, length & 0x7fff_ffff, where);
    if (length > bytesMax) this.#state.trap(where, `a string of ${length} bytes is too long`);
    const start = this.area(pointer, length, 2, where);
    this.#state.charge(length, where);
    return Buffer.from(this.u8.buffer, start, length).toString("latin1");
  }

  /** Has the guest allocate. The address, marked as written. */
  alloc(realloc: Realloc, align: number, bytes: number, where: number): number {
    // A host's value: a guest's own would not have got here.
    if (!(bytes <= bytesMax)) this.#state.trap(where, "a value is too long for the guest");
    const state = this.#state;
    const component = this.#component;
    let pointer: number;
    component.mayLeave = false;
    state.nested.depth++;
    try {
      pointer = realloc(0, 0, align, bytes);
    } catch (error) {
      throw state.end(error);
    } finally {
      state.nested.depth--;
    }
    component.mayLeave = state.ended === undefined;
    if (this.u8.length === 0) this.refresh();
    return this.resultArea(pointer, bytes, align, where);
  }

  /** Lowers a list of bytes: its address; its length is in `length`. */
  lowerBytes(realloc: Realloc, bytes: Uint8Array, where: number): number {
    const count = bytes.length;
    // A view of the guest's own memory is gone when that grows.
    const kept = bytes.buffer === this.u8.buffer ? bytes.slice() : bytes;
    const address = this.alloc(realloc, 1, count, where);
    this.u8.set(kept, address);
    this.length = count;
    return address;
  }

  // The standard lets a string of the host's be in whatever encoding suits: here in the one that it is lowered to, so that the
  // guest allocates once, what is needed (CanonicalABI.md, store_string_copy).

  lowerUtf8(realloc: Realloc, text: string, where: number): number {
    const units = text.length;
    if (units <= shortBytesMax) {
      let at = 0;
      while (at < units && text.charCodeAt(at) < 0x80) at++;
      if (at === units) {
        const address = this.alloc(realloc, 1, units, where);
        const { u8 } = this;
        for (at = 0; at < units; at++) u8[address + at] = text.charCodeAt(at);
        this.length = units;
        return address;
      }
    }
    // Lone surrogates count as U+FFFD, as which they are written.
    const bytes = Buffer.byteLength(text);
    const address = this.alloc(realloc, 1, bytes, where);
    encoder.encodeInto(text, this.u8.subarray(address, address + bytes));
    this.length = bytes;
    return address;
  }

  lowerUtf16(realloc: Realloc, text: string, where: number): number {
    const address = this.alloc(realloc, 2, text.length * 2, where);
    this.#writeUtf16(text.toWellFormed(), address);
    this.length = text.length;
    return address;
  }

  lowerLatin1OrUtf16(realloc: Realloc, text: string, where: number): number {
    const units = text.length;
    let at = 0;
    while (at < units && text.charCodeAt(at) < 0x100) at++;
    if (at < units) {
      const address = this.lowerUtf16(realloc, text, where);
      this.length = units | 0x8000_0000;
      return address;
    }
    const address = this.alloc(realloc, 2, units, where);
    for (at = 0; at < units; at++) this.u8[address + at] = text.charCodeAt(at);
    this.length = units;
    return address;
  }

  #writeUtf16(text: string, address: number): void {
    const { u16 } = this;
    for (let at = 0, to = address >>> 1; at < text.length; at++, to++) u16[to] = text.charCodeAt(at);
  }

  #outside(address: number, bytes: number, where: number): never {
    return this.#state.trap(where, `pointer ${hex(address)} with ${bytes} bytes is out of bounds`);
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`;
