import { type ComponentCaps, checkComponentCap } from "./caps.ts";
import type { PrimitiveType, ResourceType, ValueType } from "./types.ts";

/** A core value type by its byte: 0x7f i32, 0x7e i64, 0x7d f32, 0x7c f64. */
export type FlatType = number;

const i32 = 0x7f;
const i64 = 0x7e;
const f32 = 0x7d;
const f64 = 0x7c;

/** Flat types that are looked at: one more than a function can have (Component model, CanonicalABI.md, MAX_FLAT_PARAMS). */
export const flatKept = 17;

/** What is known of a type, without walking it again. */
export interface TypeFacts {
  readonly id: number;
  /** Of the type written out in full. */
  readonly nodes: number;
  readonly depth: number;
  readonly hasBorrow: boolean;
  readonly hasResource: boolean;
  /** Whether it holds a list or a string, which lie in memory. */
  readonly hasPointer: boolean;
  /** The first {@link flatKept} of its core types (CanonicalABI.md, Flattening). */
  readonly flat: readonly FlatType[];
}

/**
 * All value types of one component. Equal types are one object, so that comparing them costs nothing, however large they are
 * written out in full.
 */
export class TypeTable {
  readonly #caps: ComponentCaps;
  readonly #byKey = new Map<string, ValueType>();
  readonly #facts = new Map<ValueType, TypeFacts>();
  readonly #resources = new Map<ResourceType, number>();

  constructor(caps: ComponentCaps) {
    this.#caps = caps;
  }

  primitive(kind: PrimitiveType["kind"]): ValueType {
    return this.#byKey.get(kind) ?? this.intern({ kind }, 0);
  }

  facts(type: ValueType): TypeFacts {
    return this.#facts.get(type)!;
  }

  /**
   * The one object for a type whose parts come from here. Throws `component.cap-type-nodes` and `component.cap-type-depth`.
   *
   * @param at byte offset of its definition
   */
  intern(type: ValueType, at: number): ValueType {
    const key = this.#key(type);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const facts = this.#describe(type);
    checkComponentCap(this.#caps, "typeNodes", facts.nodes, at);
    checkComponentCap(this.#caps, "typeDepth", facts.depth, at);
    this.#byKey.set(key, type);
    this.#facts.set(type, facts);
    return type;
  }

  #id(type: ValueType | undefined): string {
    return type === undefined ? "_" : String(this.facts(type).id);
  }

  /** Labels have neither spaces nor colons nor commas. */
  #key(type: ValueType): string {
    switch (type.kind) {
      case "list":
        return `list ${this.#id(type.element)}`;
      case "record":
        return `record ${type.fields.map((field) => `${field.name}:${this.#id(field.type)}`).join()}`;
      case "tuple":
        return `tuple ${type.items.map((item) => this.#id(item)).join()}`;
      case "variant":
        return `variant ${type.cases.map((item) => `${item.name}:${this.#id(item.type)}`).join()}`;
      case "enum":
      case "flags":
        return `${type.kind} ${type.names.join()}`;
      case "option":
        return `option ${this.#id(type.some)}`;
      case "result":
        return `result ${this.#id(type.ok)},${this.#id(type.error)}`;
      case "own":
      case "borrow":
        return `${type.kind} ${this.#resourceId(type.resource)}`;
      default:
        return type.kind;
    }
  }

  #resourceId(resource: ResourceType): number {
    const known = this.#resources.get(resource);
    if (known !== undefined) return known;
    this.#resources.set(resource, this.#resources.size);
    return this.#resources.size - 1;
  }

  #describe(type: ValueType): TypeFacts {
    const parts = partsOf(type).map((part) => this.facts(part));
    let nodes = 1 + (type.kind === "enum" || type.kind === "flags" ? type.names.length : 0);
    // Cases without a payload count as well: code is made for each.
    if (type.kind === "variant") nodes += type.cases.length;
    let depth = 0;
    for (const part of parts) {
      nodes += part.nodes;
      depth = Math.max(depth, part.depth);
    }
    return {
      id: this.#facts.size,
      nodes,
      depth: depth + 1,
      hasBorrow: type.kind === "borrow" || parts.some((part) => part.hasBorrow),
      hasResource: type.kind === "own" || type.kind === "borrow" || parts.some((part) => part.hasResource),
      hasPointer: type.kind === "list" || type.kind === "string" || parts.some((part) => part.hasPointer),
      flat: this.#flatten(type, parts),
    };
  }

  #flatten(type: ValueType, parts: readonly TypeFacts[]): readonly FlatType[] {
    switch (type.kind) {
      case "s64":
      case "u64":
        return [i64];
      case "f32":
        return [f32];
      case "f64":
        return [f64];
      case "string":
      case "list":
        return [i32, i32];
      case "record":
      case "tuple":
        return joinFlat(parts.map((part) => part.flat));
      case "variant":
      case "option":
      case "result":
        return flattenCases(parts);
      default:
        return [i32];
    }
  }
}

/** The types that a type is made of. */
function partsOf(type: ValueType): ValueType[] {
  const there = (part: ValueType | undefined): part is ValueType => part !== undefined;
  switch (type.kind) {
    case "list":
      return [type.element];
    case "record":
      return type.fields.map((field) => field.type);
    case "tuple":
      return [...type.items];
    case "variant":
      return type.cases.map((item) => item.type).filter(there);
    case "option":
      return [type.some];
    case "result":
      return [type.ok, type.error].filter(there);
    default:
      return [];
  }
}

/** The flat types of values one after the other. */
export function joinFlat(parts: readonly (readonly FlatType[])[]): FlatType[] {
  const flat: FlatType[] = [];
  for (const part of parts) {
    for (const type of part) {
      if (flat.length === flatKept) return flat;
      flat.push(type);
    }
  }
  return flat;
}

/** The discriminant, then types wide enough for each of the cases (CanonicalABI.md, flatten_variant). */
function flattenCases(cases: readonly TypeFacts[]): FlatType[] {
  const flat: FlatType[] = [i32];
  for (const { flat: payload } of cases) {
    for (let i = 0; i < payload.length && i + 1 < flatKept; i++) {
      const before = flat[i + 1];
      flat[i + 1] = before === undefined ? payload[i]! : widest(before, payload[i]!);
    }
  }
  return flat;
}

function widest(a: FlatType, b: FlatType): FlatType {
  if (a === b) return a;
  const isSmall = (type: FlatType) => type === i32 || type === f32;
  return isSmall(a) && isSmall(b) ? i32 : i64;
}
