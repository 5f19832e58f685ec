import { WarrenError } from "../../base/errors.ts";
import type { ResourceType, ValueType } from "../types.ts";
import { type FlatType, flatMax, joinFlat } from "./flat.ts";
import { camelCase } from "./names.ts";

/** How deep types may nest: each level is a function that calls the next when a value is lifted or lowered. */
const depthMax = 100;

/** Bytes of one value outside of its lists and strings: more fit into no list (CanonicalABI.md, MAX_LIST_BYTE_LENGTH). */
const valueBytesMax = 2 ** 28 - 1;

/** A part of a record or tuple, or a case of a variant. */
export interface TypePart {
  /** Its name as in the file; the position of a tuple's. */
  readonly name: string;
  readonly type: TypeNode | undefined;
  /** Byte offset in its record; of a variant's case, where payloads are. */
  readonly offset: number;
}

/** A type with its layout (CanonicalABI.md: Alignment, Element Size, Flattening). Equal types are the same node. */
export interface TypeNode {
  readonly id: number;
  readonly type: ValueType;
  /** Bytes. */
  readonly size: number;
  readonly align: number;
  /** The core values that it is flattened to; undefined when there are more than are ever passed so. */
  readonly flat: readonly FlatType[] | undefined;
  /** Parts of a record or tuple, cases of anything that is a variant in the ABI, the element of a list. */
  readonly parts: readonly TypePart[];
  /** Bytes of the discriminant of a variant; of flags, all. */
  readonly tagBytes: 1 | 2 | 4;
  readonly depth: number;
  readonly hasOwn: boolean;
  readonly hasBorrow: boolean;
  /** Whether a value may lie in memory beside its own bytes: it has strings or lists. */
  readonly hasPointers: boolean;
  /** Whether a guest can give core values that are none of this type. */
  readonly canTrap: boolean;
  /** About how many bytes of the host's one value takes, without what its lists and strings hold. */
  readonly hostBytes: number;
}

const primitives: Readonly<Record<string, { size: 1 | 2 | 4 | 8; flat: FlatType; hostBytes: number }>> = {
  bool: { size: 1, flat: "i32", hostBytes: 8 },
  s8: { size: 1, flat: "i32", hostBytes: 8 },
  u8: { size: 1, flat: "i32", hostBytes: 8 },
  s16: { size: 2, flat: "i32", hostBytes: 8 },
  u16: { size: 2, flat: "i32", hostBytes: 8 },
  s32: { size: 4, flat: "i32", hostBytes: 16 },
  u32: { size: 4, flat: "i32", hostBytes: 16 },
  s64: { size: 8, flat: "i64", hostBytes: 32 },
  u64: { size: 8, flat: "i64", hostBytes: 32 },
  f32: { size: 4, flat: "f32", hostBytes: 16 },
  f64: { size: 8, flat: "f64", hostBytes: 16 },
  char: { size: 4, flat: "i32", hostBytes: 24 },
};

const alignTo = (offset: number, align: number): number => Math.ceil(offset / align) * align;

/** The types of a plan. Nodes are shared by structure, so that what is generated for them grows with the file only. */
export class TypeTable {
  readonly #byType = new Map<ValueType, TypeNode>();
  readonly #byKey = new Map<string, TypeNode>();
  readonly #resources = new Map<ResourceType, number>();

  /** All resource types that were met, in that order: the number of each is its index. */
  get resources(): readonly ResourceType[] {
    return [...this.#resources.keys()];
  }

  resource(type: ResourceType): number {
    const known = this.#resources.get(type);
    if (known !== undefined) return known;
    this.#resources.set(type, this.#resources.size);
    return this.#resources.size - 1;
  }

  /** @throws WarrenError `component.type-depth`, `component.type-size`. */
  node(type: ValueType, level = 0): TypeNode {
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    if (level > depthMax)
      throw new WarrenError("component.type-depth", `reading a component: types nest deeper than ${depthMax}`);
    const optional = (part: ValueType | undefined): TypeNode | undefined =>
      part === undefined ? undefined : this.node(part, level + 1);
    const node = this.#byKeyOr(type, optional);
    if (node.depth > depthMax)
      throw new WarrenError("component.type-depth", `reading a component: types nest deeper than ${depthMax}`);
    if (node.size > valueBytesMax)
      throw new WarrenError("component.type-size", `reading a component: a type is larger than ${valueBytesMax} bytes`);
    this.#byType.set(type, node);
    return node;
  }

  /** A record of these, by position: arguments that do not fit into core values. */
  tuple(items: readonly ValueType[]): TypeNode {
    return this.node({ kind: "tuple", items });
  }

  #byKeyOr(type: ValueType, node: (part: ValueType | undefined) => TypeNode | undefined): TypeNode {
    const make = (
      key: readonly unknown[],
      layout: Omit<TypeNode, "id" | "type" | "depth" | "hasOwn" | "hasBorrow" | "hasPointers"> & Partial<TypeNode>,
    ): TypeNode => {
      const text = JSON.stringify([type.kind, ...key]);
      const known = this.#byKey.get(text);
      if (known !== undefined) return known;
      const some = (what: "hasOwn" | "hasBorrow" | "hasPointers"): boolean =>
        layout.parts.some((part) => part.type?.[what] === true);
      const made: TypeNode = {
        hasOwn: some("hasOwn"),
        hasBorrow: some("hasBorrow"),
        hasPointers: some("hasPointers"),
        ...layout,
        id: this.#byKey.size,
        type,
        depth: 1 + layout.parts.reduce((deepest, part) => Math.max(deepest, part.type?.depth ?? 0), 0),
      };
      this.#byKey.set(text, made);
      return made;
    };
    const scalar = { parts: [], tagBytes: 4 } as const;
    const pair = { size: 8, align: 4, flat: ["i32", "i32"], tagBytes: 4, canTrap: true, hasPointers: true } as const;
    switch (type.kind) {
      case "own":
      case "borrow":
        return make([this.resource(type.resource)], {
          ...scalar,
          size: 4,
          align: 4,
          flat: ["i32"],
          canTrap: true,
          hostBytes: 64,
          hasOwn: type.kind === "own",
          hasBorrow: type.kind === "borrow",
        });
      case "string":
        return make([], { ...pair, parts: [], hostBytes: 32 });
      case "list": {
        const element = node(type.element);
        const hostBytes = type.element.kind === "u8" ? 128 : 48;
        return make([element?.id], { ...pair, parts: [{ name: "", type: element, offset: 0 }], hostBytes });
      }
      case "flags": {
        const size = type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4;
        const bits = { size, align: size, flat: ["i32"], tagBytes: size } as const;
        return make(type.names, { ...bits, parts: [], canTrap: false, hostBytes: 16 });
      }
      case "record":
        checkNames(type.fields.map(({ name }) => camelCase(name)));
        return recordNode(
          type.fields.map(({ name, type: field }) => ({ name, type: node(field) })),
          make,
        );
      case "tuple":
        return recordNode(
          type.items.map((item, index) => ({ name: String(index), type: node(item) })),
          make,
        );
      case "variant":
        return variantNode(
          type.cases.map(({ name, type: payload }) => ({ name, type: node(payload) })),
          make,
        );
      case "enum":
        return variantNode(
          type.names.map((name) => ({ name, type: undefined })),
          make,
        );
      case "option":
        return variantNode(
          [
            { name: "none", type: undefined },
            { name: "some", type: node(type.some) },
          ],
          make,
        );
      case "result":
        return variantNode(
          [
            { name: "ok", type: node(type.ok) },
            { name: "err", type: node(type.error) },
          ],
          make,
        );
      default: {
        const { size, flat, hostBytes } = primitives[type.kind]!;
        return make([], { ...scalar, size, align: size, flat: [flat], canTrap: type.kind === "char", hostBytes });
      }
    }
  }
}

function checkNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name))
      throw new WarrenError("component.field-name", `reading a component: two fields of a record are called ${name}`);
    seen.add(name);
  }
}

type Make = (
  key: readonly unknown[],
  layout: Omit<TypeNode, "id" | "type" | "depth" | "hasOwn" | "hasBorrow" | "hasPointers">,
) => TypeNode;
type NamedType = Pick<TypePart, "name" | "type">;

const keyOf = (parts: readonly NamedType[]): unknown[] => parts.map(({ name, type }) => [name, type?.id ?? null]);

function recordNode(fields: readonly NamedType[], make: Make): TypeNode {
  let size = 0;
  let align = 1;
  let hostBytes = 32;
  let flat: FlatType[] | undefined = [];
  const parts: TypePart[] = [];
  for (const { name, type } of fields) {
    const field = type!;
    size = alignTo(size, field.align);
    parts.push({ name, type, offset: size });
    size += field.size;
    align = Math.max(align, field.align);
    hostBytes += 8 + field.hostBytes;
    flat = flat === undefined || field.flat === undefined ? undefined : [...flat, ...field.flat];
    if (flat !== undefined && flat.length > flatMax) flat = undefined;
  }
  size = alignTo(size, align);
  const canTrap = parts.some((part) => part.type?.canTrap === true);
  return make(keyOf(fields), { size, align, flat, parts, tagBytes: 4, canTrap, hostBytes });
}

function variantNode(cases: readonly NamedType[], make: Make): TypeNode {
  const tagBytes = cases.length <= 0x100 ? 1 : cases.length <= 0x1_0000 ? 2 : 4;
  let payloadAlign = 1;
  let payloadSize = 0;
  let hostBytes = 0;
  let joined: FlatType[] | undefined = [];
  for (const { type } of cases) {
    if (type === undefined) continue;
    payloadAlign = Math.max(payloadAlign, type.align);
    payloadSize = Math.max(payloadSize, type.size);
    hostBytes = Math.max(hostBytes, type.hostBytes);
    if (joined === undefined || type.flat === undefined) joined = undefined;
    else for (const [index, flat] of type.flat.entries()) joined[index] = joinFlat(joined[index], flat);
  }
  const align = Math.max(tagBytes, payloadAlign);
  const offset = alignTo(tagBytes, payloadAlign);
  return make(keyOf(cases), {
    size: alignTo(offset + payloadSize, align),
    align,
    flat: joined === undefined || joined.length >= flatMax ? undefined : ["i32", ...joined],
    parts: cases.map(({ name, type }) => ({ name, type, offset })),
    tagBytes,
    canTrap: true,
    hostBytes: hostBytes + 48,
  });
}
