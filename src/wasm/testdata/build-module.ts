// Builds modules by hand for tests, so that they may be wrong in any way.
import { encodeUnsigned as leb } from "../../base/leb128.ts";

type Bytes = readonly number[] | Uint8Array;

export const header: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

export function join(...parts: readonly Bytes[]): Uint8Array {
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}

export function module(...sections: readonly Bytes[]): Uint8Array {
  return join(header, ...sections);
}

export function section(id: number, ...content: readonly Bytes[]): Uint8Array {
  const body = join(...content);
  return join([id], leb(body.length), body);
}

/** A section that holds `count` times the same item. */
export function repeated(id: number, count: number, item: Bytes): Uint8Array {
  const items = new Uint8Array(item.length * count);
  for (let i = 0; i < count; i++) items.set(item, i * item.length);
  return section(id, leb(count), items);
}

export function name(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return join(leb(bytes.length), bytes);
}

export function custom(title: string, ...content: readonly Bytes[]): Uint8Array {
  return section(0, name(title), ...content);
}

/** One function type without parameters and results, one function of it, its empty body. */
export const voidType: Uint8Array = section(1, [1, 0x60, 0, 0]);
export const oneFunction: Uint8Array = section(3, [1, 0]);
export const oneBody: Uint8Array = section(10, [1, 2, 0, 0x0b]);

export function exportItem(text: string, kind: number, index: number): Uint8Array {
  return join(name(text), [kind], leb(index));
}

export function importFunction(from: string, text: string, type = 0): Uint8Array {
  return join(name(from), name(text), [0], leb(type));
}

export function imports(...items: readonly Uint8Array[]): Uint8Array {
  return section(2, leb(items.length), ...items);
}

export function exports(...items: readonly Uint8Array[]): Uint8Array {
  return section(7, leb(items.length), ...items);
}
