import { assert } from "../../base/assert.ts";
import { toJoined } from "./flat.ts";
import type { Generation, Side } from "./generation.ts";
import { ownCode } from "./handle-table.ts";
import { camelCase, quote } from "./names.ts";
import type { TypeNode } from "./type-table.ts";

/**
 * Source of what turns JavaScript's values into a guest's (CanonicalABI.md, Storing and Flat Lowering). Places are known to be in bounds
 * and are marked as written already.
 */
export class LowerSource {
  readonly #generation: Generation;
  readonly #side: Side;
  readonly #identity: string;

  constructor(generation: Generation, side: Side) {
    this.#generation = generation;
    this.#side = side;
    this.#identity = JSON.stringify([side.memory, side.realloc, side.encoding, side.component, side.other]);
  }

  /** Statements that store `value`, an expression without effects, at `pointer` + `offset`. */
  store(node: TypeNode, value: string, pointer: string, offset: number, where: string): string {
    const m = this.#memory;
    const at = offset === 0 ? pointer : `(${pointer}+${offset})`;
    switch (node.type.kind) {
      case "bool":
      case "u8":
      case "s8":
        return `${m}.u8[${at}]=${this.#scalar(node, value, where)};`;
      case "u16":
      case "s16":
        return `${m}.u16[${at}>>>1]=${value};`;
      case "f32":
        return `${m}.f32[${at}>>>2]=R.plain(${value});`;
      case "f64":
        return `${m}.f64[${at}>>>3]=R.plain(${value});`;
      case "s64":
      case "u64":
        return `${m}.i64[${at}>>>3]=${value};`;
      case "flags":
      case "enum": {
        const bits = this.#scalar(node, value, where);
        if (node.tagBytes === 1) return `${m}.u8[${at}]=${bits};`;
        return node.tagBytes === 2 ? `${m}.u16[${at}>>>1]=${bits};` : `${m}.i32[${at}>>>2]=${bits};`;
      }
      case "string":
      case "list":
        // In two steps: lowering may grow the memory, and with it change what `i32` is.
        return `{const s=${this.#sequence(node, value, where)};${m}.i32[${at}>>>2]=s;${m}.i32[(${pointer}+${offset + 4})>>>2]=${m}.length;}`;
      case "record":
      case "tuple":
      case "variant":
      case "option":
      case "result":
        return `${this.#storer(node)}(${value},${at},${where});`;
      default:
        return `${m}.i32[${at}>>>2]=${this.#scalar(node, value, where)};`;
    }
  }

  /**
   * The core values that `value` is passed as: expressions, which are to be evaluated in order after what `before` was given.
   * `at` is the place in `Q` from which on it may use it; variables begin with `prefix`.
   */
  flat(
    node: TypeNode,
    value: string,
    at: number,
    where: string,
    prefix: string,
    before: (statement: string) => void,
  ): string[] {
    const flat = node.flat!;
    switch (node.type.kind) {
      case "string":
      case "list": {
        const name = `${prefix}${at}`;
        before(`const ${name}=${this.#sequence(node, value, where)},${name}n=${this.#memory}.length;`);
        return [name, `${name}n`];
      }
      case "record":
      case "tuple":
      case "variant":
      case "option":
      case "result":
        before(`${this.#flatLowerer(node)}(${value},${at},${where});`);
        return flat.map((_, index) => `Q[${at + index}]`);
      default: {
        const name = `${prefix}${at}`;
        before(`const ${name}=${this.#scalar(node, value, where)};`);
        return [name];
      }
    }
  }

  get #memory(): string {
    assert(this.#side.memory !== undefined, "a type that needs a memory, in a call without one");
    return this.#side.memory;
  }

  /** An expression for a value that is one core value. */
  #scalar(node: TypeNode, value: string, where: string): string {
    const { type } = node;
    switch (type.kind) {
      case "bool":
        return `${value}?1:0`;
      case "u8":
        return `${value}&255`;
      case "s8":
        return `${value}<<24>>24`;
      case "u16":
        return `${value}&65535`;
      case "s16":
        return `${value}<<16>>16`;
      case "s32":
      case "u32":
        return `${value}|0`;
      case "s64":
      case "u64":
        return `BigInt.asIntN(64,${value})`;
      case "f32":
      case "f64":
        return `R.plain(${value})`;
      case "char":
        return `R.codePoint(${value})`;
      case "flags":
        return type.names.length >= 32 ? `${value}|0` : `${value}&${2 ** type.names.length - 1}`;
      case "enum": {
        const entries = node.parts.map(({ name }, index) => `[${quote(name)},${index}]`).join(",");
        const map = this.#generation.constant("e", String(node.id), `new Map([${entries}])`);
        return `R.indexOf(${map},${value})`;
      }
      case "own":
      case "borrow":
        return this.#handle(node, value, where);
      default:
        throw new Error(`no scalar: ${type.kind}`);
    }
  }

  #handle(node: TypeNode, value: string, where: string): string {
    const { type } = node;
    assert(type.kind === "own" || type.kind === "borrow");
    const resource = this.#generation.types.resource(type.resource);
    const table = `t${this.#side.component}`;
    const code = ownCode(resource);
    const ofGuest = type.resource.origin === "guest";
    const unwrap = ofGuest && this.#side.other === "host";
    if (type.kind === "own") {
      const rep = unwrap ? `S.release(${resource},${value})` : value;
      return `${table}.add(${rep},${code},${where})`;
    }
    const rep = unwrap ? `S.borrow(${resource},${value})` : value;
    // Who defines a resource gets its representation (lower_borrow).
    if (type.resource.origin === "guest" && type.resource.instance === this.#side.component) return rep;
    return `${table}.addBorrow(${rep},${code},${where})`;
  }

  /** An expression that lowers a string or list, gives its address and leaves its length in the memory's `length`. */
  #sequence(node: TypeNode, value: string, where: string): string {
    const m = this.#memory;
    const { realloc } = this.#side;
    assert(realloc !== undefined, "a type that needs realloc, in a call without one");
    const { type } = node;
    if (type.kind === "string") {
      const method = { utf8: "lowerUtf8", utf16: "lowerUtf16", "latin1+utf16": "lowerLatin1OrUtf16" }[
        this.#side.encoding
      ];
      return `${m}.${method}(${realloc},${value},${where})`;
    }
    assert(type.kind === "list");
    if (type.element.kind === "u8") return `${m}.lowerBytes(${realloc},${value},${where})`;
    const lister = this.#generation.once("sl", `${node.id} ${this.#identity}`, (name) => {
      const element = node.parts[0]!.type!;
      const { size, align } = element;
      const store = this.store(element, "y", "q", 0, "w");
      return `function ${name}(v,w){const n=v.length,p=${m}.alloc(${realloc},${align},n*${size},w);for(let i=0,q=p;i<n;i++,q+=${size}){const y=v[i];${store}}${m}.length=n;return p;}`;
    });
    return `${lister}(${value},${where})`;
  }

  #storer(node: TypeNode): string {
    const m = this.#memory;
    return this.#generation.once("st", `${node.id} ${this.#identity}`, (name) => {
      const { parts, tagBytes } = node;
      const part = (index: number, value: string): string =>
        this.store(parts[index]!.type!, value, "p", parts[index]!.offset, "w");
      const tag = (index: number): string =>
        tagBytes === 1
          ? `${m}.u8[p]=${index};`
          : tagBytes === 2
            ? `${m}.u16[p>>>1]=${index};`
            : `${m}.i32[p>>>2]=${index};`;
      return `function ${name}(v,p,w){${this.#body(node, tag, part)}}`;
    });
  }

  #flatLowerer(node: TypeNode): string {
    return this.#generation.once("lf", `${node.id} ${this.#identity}`, (name) => {
      const { parts } = node;
      const flat = node.flat!;
      const isVariant = node.type.kind !== "record" && node.type.kind !== "tuple";
      let offset = 0;
      const put = (part: TypeNode, value: string, from: number): string => {
        const index = from === 0 ? "z" : `z+${from}`;
        return isCompound(part)
          ? `${this.#flatLowerer(part)}(${value},${index},w);`
          : part.type.kind === "string" || part.type.kind === "list"
            ? `Q[${index}]=${this.#sequence(part, value, "w")};Q[z+${from + 1}]=${this.#memory}.length;`
            : `Q[${index}]=${this.#scalar(part, value, "w")};`;
      };
      const part = (index: number, value: string): string => {
        const own = parts[index]!.type!;
        if (isVariant) {
          const joins = own.flat!.map((have, at) => {
            const want = flat[at + 1]!;
            return have === want ? "" : `Q[z+${at + 1}]=${toJoined(`Q[z+${at + 1}]`, have, want)};`;
          });
          return put(own, value, 1) + joins.join("");
        }
        const from = offset;
        offset += own.flat!.length;
        return put(own, value, from);
      };
      const tag = (index: number): string => {
        const used = parts[index]!.type?.flat?.length ?? 0;
        const rest = flat.slice(1 + used).map((type, at) => `Q[z+${1 + used + at}]=${type === "i64" ? "0n" : "0"};`);
        return `Q[z]=${index};${rest.join("")}`;
      };
      return `function ${name}(v,z,w){${this.#body(node, tag, part)}}`;
    });
  }

  /** Statements that put a value's tag and parts in their places. */
  #body(node: TypeNode, tag: (index: number) => string, part: (index: number, value: string) => string): string {
    const { type, parts } = node;
    switch (type.kind) {
      case "record":
        return parts.map(({ name }, index) => part(index, `v[${quote(camelCase(name))}]`)).join("");
      case "tuple":
        return parts.map((_, index) => part(index, `v[${index}]`)).join("");
      case "option": {
        const value = type.some.kind === "option" ? "v.val" : "v";
        return `if(v===undefined){${tag(0)}}else{${tag(1)}${part(1, value)}}`;
      }
      default: {
        const cases = parts.map(
          ({ name, type: payload }, index) =>
            `case ${quote(name)}:{${tag(index)}${payload === undefined ? "" : `const y=v.val;${part(index, "y")}`}break;}`,
        );
        return `switch(v.tag){${cases.join("")}default:R.noCase(v.tag);}`;
      }
    }
  }
}

function isCompound(node: TypeNode): boolean {
  return ["record", "tuple", "variant", "option", "result"].includes(node.type.kind);
}
