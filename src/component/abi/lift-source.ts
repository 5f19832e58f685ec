import { assert } from "../../base/assert.ts";
import { type FlatType, fromJoined } from "./flat.ts";
import type { Generation, Side } from "./generation.ts";
import { ownCode } from "./handle-table.ts";
import { camelCase, key, quote } from "./names.ts";
import type { TypeNode } from "./type-table.ts";

/** How handles are lifted in a call. */
export interface HandleRules {
  /** Borrows are counted: a handle that is lent could also be given away in this call. */
  readonly lends: boolean;
  /** Owned values are kept in view until the call is made: something else could still trap. */
  readonly sends: boolean;
}

/**
 * Source of what turns a guest's values into JavaScript's (CanonicalABI.md, Loading and Flat Lifting). Expressions; `where` is one that
 * gives the place for a trap's message.
 */
export class LiftSource {
  readonly #generation: Generation;
  readonly #side: Side;
  readonly #rules: HandleRules;
  readonly #identity: string;

  constructor(generation: Generation, side: Side, rules: HandleRules) {
    this.#generation = generation;
    this.#side = side;
    this.#rules = rules;
    // Without handles and bytes the result is the same for all.
    this.#identity = JSON.stringify([
      side.memory,
      side.encoding,
      side.component,
      side.other,
      side.copies,
      rules.lends,
      rules.sends,
    ]);
  }

  /** A value at `pointer` + `offset`, which are known to be its place. */
  load(node: TypeNode, pointer: string, offset: number, where: string): string {
    const m = this.#memory;
    const at = offset === 0 ? pointer : `(${pointer}+${offset})`;
    const word = (shift = 0): string =>
      `${m}.i32[${offset + shift === 0 ? pointer : `(${pointer}+${offset + shift})`}>>>2]`;
    switch (node.type.kind) {
      case "bool":
        return `${m}.u8[${at}]!==0`;
      case "u8":
        return `${m}.u8[${at}]`;
      case "s8":
        return `${m}.u8[${at}]<<24>>24`;
      case "u16":
        return `${m}.u16[${at}>>>1]`;
      case "s16":
        return `${m}.u16[${at}>>>1]<<16>>16`;
      case "f32":
        return `${m}.f32[${at}>>>2]`;
      case "s64":
        return `${m}.i64[${at}>>>3]`;
      case "u64":
        return `BigInt.asUintN(64,${m}.i64[${at}>>>3])`;
      case "f64":
        return `${m}.f64[${at}>>>3]`;
      case "flags": {
        const bits = node.size === 1 ? `${m}.u8[${at}]` : node.size === 2 ? `${m}.u16[${at}>>>1]` : word();
        return maskFlags(bits, node.type.names.length);
      }
      case "enum":
        return this.#enumName(node, this.#tag(node, at), where);
      case "record":
      case "tuple":
      case "variant":
      case "option":
      case "result":
        return `${this.#loader(node)}(${at},${where})`;
      case "string":
      case "list":
        return this.#flat(node, [word(), word(4)], where);
      default:
        return this.#flat(node, [word()], where);
    }
  }

  /** A value from the core values that it was passed as. */
  flat(node: TypeNode, values: readonly string[], where: string): string {
    return this.#flat(node, values, where);
  }

  get #memory(): string {
    assert(this.#side.memory !== undefined, "a type that needs a memory, in a call without one");
    return this.#side.memory;
  }

  #flat(node: TypeNode, values: readonly string[], where: string): string {
    const [value] = values as [string];
    const { type } = node;
    switch (type.kind) {
      case "bool":
        return `${value}!==0`;
      case "u8":
        return `${value}&255`;
      case "s8":
        return `${value}<<24>>24`;
      case "u16":
        return `${value}&65535`;
      case "s16":
        return `${value}<<16>>16`;
      case "u32":
        return `${value}>>>0`;
      case "u64":
        return `BigInt.asUintN(64,${value})`;
      case "s32":
      case "s64":
      case "f32":
      case "f64":
        return value;
      case "char":
        return `R.char(S,${value},${where})`;
      case "flags":
        return maskFlags(value, type.names.length);
      case "enum":
        return this.#enumName(node, `${value}>>>0`, where);
      case "own":
      case "borrow":
        return this.#handle(node, value, where);
      case "string": {
        const method = { utf8: "utf8", utf16: "utf16", "latin1+utf16": "latin1OrUtf16" }[this.#side.encoding];
        return `${this.#memory}.${method}(${values.join(",")},${where})`;
      }
      case "list":
        if (type.element.kind === "u8")
          return `${this.#memory}.${this.#side.copies ? "copy" : "view"}(${values.join(",")},${where})`;
        return `${this.#lister(node)}(${values.join(",")},${where})`;
      case "record":
      case "tuple":
      case "variant":
      case "option":
      case "result":
        return `${this.#flatLifter(node)}(${[...values, where].join(",")})`;
    }
  }

  #handle(node: TypeNode, handle: string, where: string): string {
    const { type } = node;
    assert(type.kind === "own" || type.kind === "borrow");
    const resource = this.#generation.types.resource(type.resource);
    const method = type.kind === "own" ? (this.#rules.sends ? "send" : "take") : this.#rules.lends ? "lend" : "get";
    const value = `t${this.#side.component}.${method}(${handle},${ownCode(resource)},${where})`;
    if (type.resource.origin === "host" || this.#side.other === "guest") return value;
    return `S.${type.kind === "own" ? "hold" : "lendToHost"}(${resource},${value})`;
  }

  #enumName(node: TypeNode, tag: string, where: string): string {
    const names = this.#generation.constant(
      "n",
      String(node.id),
      `[${node.parts.map((part) => quote(part.name)).join(",")}]`,
    );
    const pick = this.#generation.once(
      "en",
      String(node.id),
      (name) => `function ${name}(d,w){return d<${node.parts.length}?${names}[d]:R.badTag(S,d,w);}`,
    );
    return `${pick}(${tag},${where})`;
  }

  #tag(node: TypeNode, at: string): string {
    if (node.tagBytes === 1) return `${this.#memory}.u8[${at}]`;
    return node.tagBytes === 2 ? `${this.#memory}.u16[${at}>>>1]` : `${this.#memory}.i32[${at}>>>2]>>>0`;
  }

  #loader(node: TypeNode): string {
    return this.#generation.once("ld", `${node.id} ${this.#identity}`, (name) => {
      const part = (index: number): string => this.load(node.parts[index]!.type!, "p", node.parts[index]!.offset, "w");
      return `function ${name}(p,w){${this.#body(node, this.#isVariant(node) ? this.#tag(node, "p") : "", part)}}`;
    });
  }

  #flatLifter(node: TypeNode): string {
    return this.#generation.once("fl", `${node.id} ${this.#identity}`, (name) => {
      const flat = node.flat!;
      const values = flat.map((_, index) => `a${index}`);
      let next = 0;
      const part = (index: number): string => {
        const own = node.parts[index]!.type!;
        if (this.#isVariant(node)) return this.flat(own, unjoin(own.flat!, flat, values), "w");
        const from = next;
        next += own.flat!.length;
        return this.flat(own, values.slice(from, next), "w");
      };
      return `function ${name}(${[...values, "w"].join(",")}){${this.#body(node, "a0>>>0", part)}}`;
    });
  }

  #isVariant(node: TypeNode): boolean {
    return node.type.kind !== "record" && node.type.kind !== "tuple";
  }

  /** Statements that return the value, given its tag and the sources of its parts. */
  #body(node: TypeNode, tag: string, part: (index: number) => string): string {
    const { type, parts } = node;
    switch (type.kind) {
      case "record":
        return `return{${parts.map(({ name }, index) => `${key(camelCase(name))}:${part(index)}`).join(",")}};`;
      case "tuple":
        return `return[${parts.map((_, index) => part(index)).join(",")}];`;
      case "option": {
        const some = type.some.kind === "option" ? `{val:${part(1)}}` : part(1);
        return `switch(${tag}){case 0:return undefined;case 1:return ${some};default:return R.badTag(S,${tag},w);}`;
      }
      default: {
        const cases = parts.map(
          ({ name, type: payload }, index) =>
            `case ${index}:return{tag:${quote(name)},val:${payload === undefined ? "undefined" : part(index)}};`,
        );
        return `switch(${tag}){${cases.join("")}default:return R.badTag(S,${tag},w);}`;
      }
    }
  }

  #lister(node: TypeNode): string {
    return this.#generation.once("ll", `${node.id} ${this.#identity}`, (name) => {
      const element = node.parts[0]!.type!;
      const { size, align, hostBytes } = element;
      const load = this.load(element, "q", 0, "w");
      return `function ${name}(p,n,w){let q=${this.#memory}.list(p,n,${size},${align},${hostBytes},w);n>>>=0;const x=[];for(let i=0;i<n;i++,q+=${size})x.push(${load});return x;}`;
    });
  }
}

function maskFlags(bits: string, count: number): string {
  return count >= 32 ? `${bits}>>>0` : `${bits}&${2 ** count - 1}`;
}

/** A case's own core values out of those of its variant. */
function unjoin(own: readonly FlatType[], joined: readonly FlatType[], values: readonly string[]): string[] {
  return own.map((want, index) => fromJoined(values[index + 1]!, joined[index + 1]!, want));
}
