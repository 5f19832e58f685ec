import { type ModuleInfo, referenceType, type ValueType } from "../module-info.ts";
import { writeValueType } from "./appended.ts";
import { ByteWriter } from "./byte-writer.ts";
import { mutableGlobals } from "./hidden-items.ts";

/** A second global for each mutable one that a module defines, and the bodies of functions that copy there and back. */
export interface SavedGlobals {
  /** Entries of the global section. */
  readonly items: Uint8Array;
  readonly count: number;
  readonly save: Uint8Array;
  readonly restore: Uint8Array;
}

export function savedGlobals(info: ModuleInfo, without: boolean): SavedGlobals {
  const globals = without ? [] : mutableGlobals(info);
  const items = new ByteWriter(256);
  const save = new ByteWriter(256);
  const restore = new ByteWriter(256);
  save.u8(0); // no locals
  restore.u8(0);
  const copy = (writer: ByteWriter, from: number, to: number, asNonNull: boolean) => {
    writer.u8(0x23);
    writer.u32(from);
    if (asNonNull) writer.u8(0xd4);
    writer.u8(0x24);
    writer.u32(to);
  };
  for (const [i, { index, type }] of globals.entries()) {
    const nullable = withNull(type);
    const second = info.globalCount + i;
    writeValueType(items, nullable);
    items.u8(1);
    writeDefault(items, nullable);
    items.u8(0x0b);
    copy(save, index, second, false);
    copy(restore, second, index, nullable !== type);
  }
  save.u8(0x0b);
  restore.u8(0x0b);
  return { items: items.written(), count: globals.length, save: save.written(), restore: restore.written() };
}

const refPrefix = 0x64;

/** The type that also null is of: a global of another has no value that could be written here. */
function withNull(type: ValueType): ValueType {
  const heap = type % 0x100_0000;
  if (type < 0x100 || Math.floor(type / 0x100_0000) !== refPrefix) return type;
  return heap >= 0x80_0000 ? heap - 0x80_0000 : referenceType(0x63, heap);
}

/** Zero or null. */
function writeDefault(writer: ByteWriter, type: ValueType): void {
  switch (type) {
    case 0x7f:
      writer.append([0x41, 0]);
      return;
    case 0x7e:
      writer.append([0x42, 0]);
      return;
    case 0x7d:
      writer.append([0x43, 0, 0, 0, 0]);
      return;
    case 0x7c:
      writer.append([0x44, 0, 0, 0, 0, 0, 0, 0, 0]);
      return;
    case 0x7b:
      writer.append([0xfd, 12, ...new Array<number>(16).fill(0)]);
      return;
  }
  // ref.null with the heap type: a one-byte type is its own heap type (WebAssembly 3.0, 5.3.3).
  writer.u8(0xd0);
  if (type < 0x100) writer.u8(type);
  else writer.s32(type % 0x100_0000);
}
