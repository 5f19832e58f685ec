import { assert } from "../base/assert.ts";
import {
  type FunctionType,
  type PrimitiveType,
  primitiveKinds,
  type RecordField,
  type ResourceType,
  type ValueType,
  type VariantCase,
} from "./types.ts";
import { witTokens } from "./wit-lexer.ts";

/** An interface that the host offers: what its names stand for. */
export interface WitInterface {
  /** `wasi:io/streams` */
  readonly name: string;
  readonly types: ReadonlyMap<string, WitType>;
  /** By their names in components: `[method]input-stream.read`. */
  readonly functions: ReadonlyMap<string, FunctionType>;
}

export type WitType =
  | { readonly kind: "value"; readonly type: ValueType }
  | { readonly kind: "resource"; readonly resource: ResourceType };

/** Finds an interface by its name without a version, for `use`. */
export type FindInterface = (name: string) => WitInterface;

const primitives: ReadonlySet<string> = new Set(primitiveKinds);

/**
 * Reads `interface name { … }` (Component model, WIT.md): types, resources, functions and `use`. It is for the declarations of our own hosts, so
 * that what is wrong is an assertion.
 *
 * @param name of the interface with its package: `wasi:io/streams`
 */
export function parseWit(name: string, text: string, find: FindInterface): WitInterface {
  return new WitParser(name, witTokens(text), find).interface();
}

class WitParser {
  readonly #name: string;
  readonly #tokens: readonly string[];
  readonly #find: FindInterface;
  readonly #types = new Map<string, WitType>();
  readonly #functions = new Map<string, FunctionType>();
  /** Where the types are defined that nothing needed so far: they may stand after their use. */
  readonly #later = new Map<string, number>();
  #at = 0;

  constructor(name: string, tokens: readonly string[], find: FindInterface) {
    this.#name = name;
    this.#tokens = tokens;
    this.#find = find;
  }

  interface(): WitInterface {
    this.#expect("interface");
    const own = this.#next();
    assert(this.#name.endsWith(`/${own}`), `WIT: interface ${own} is declared as ${this.#name}`);
    this.#expect("{");
    const start = this.#at;
    while (!this.#accept("}")) this.#declare();
    assert(this.#at === this.#tokens.length, `WIT: text after interface ${own}`);
    this.#at = start;
    while (!this.#accept("}")) this.#item();
    return { name: this.#name, types: this.#types, functions: this.#functions };
  }

  /** The first pass: names of other interfaces and of resources, and where other types are. */
  #declare(): void {
    const at = this.#at;
    const word = this.#next();
    if (this.#tokens[this.#at] === ":") this.#skip();
    else if (word === "use") this.#use();
    else {
      const name = this.#next();
      if (word === "resource") {
        this.#define(name, { kind: "resource", resource: { origin: "host", interface: this.#name, name } });
      } else {
        assert(!this.#later.has(name), `WIT: ${this.#name}: a second type ${name}`);
        this.#later.set(name, at);
      }
      this.#skip();
    }
  }

  /** To the end of an item: a semicolon, or its closing brace, which has a semicolon after it in `use`. */
  #skip(): void {
    for (let depth = 0; ; ) {
      const token = this.#next();
      if (token === "{") depth++;
      if (token === "}") depth--;
      if (depth > 0 || (token !== "}" && token !== ";")) continue;
      if (token === "}") this.#accept(";");
      return;
    }
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    assert(token !== undefined, `WIT: ${this.#name} ends too early`);
    return token;
  }

  #expect(token: string): void {
    const found = this.#next();
    assert(found === token, `WIT: ${this.#name}: expected "${token}", found "${found}"`);
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #item(): void {
    const word = this.#next();
    // A function may have the name of a keyword: `type: func()`.
    if (this.#tokens[this.#at] === ":") {
      this.#function(word);
      return;
    }
    if (word === "resource") this.#resource();
    else if (word === "use" || !this.#later.has(this.#tokens[this.#at] ?? "")) this.#skip();
    else this.#definition(word);
  }

  /** A type from after its keyword on. */
  #definition(word: string): void {
    const name = this.#next();
    this.#later.delete(name);
    switch (word) {
      case "type":
        this.#expect("=");
        this.#alias(name);
        this.#expect(";");
        break;
      case "record":
      case "variant":
      case "enum":
      case "flags":
        this.#define(name, { kind: "value", type: this.#compound(word) });
        break;
      default:
        assert(false, `WIT: ${this.#name}: unexpected "${word}"`);
    }
  }

  /** What a name stands for, wherever in the interface it is defined. */
  #named(name: string): WitType {
    const definedAt = this.#later.get(name);
    if (definedAt !== undefined) {
      const back = this.#at;
      this.#at = definedAt;
      this.#definition(this.#next());
      this.#at = back;
    }
    const type = this.#types.get(name);
    assert(type !== undefined, `WIT: ${this.#name}: no type ${name}`);
    return type;
  }

  #define(name: string, type: WitType): void {
    assert(!this.#types.has(name), `WIT: ${this.#name}: a second type ${name}`);
    this.#types.set(name, type);
  }

  #alias(name: string): void {
    const token = this.#tokens[this.#at] ?? "";
    if (!this.#types.has(token) && !this.#later.has(token)) {
      this.#define(name, { kind: "value", type: this.#type() });
      return;
    }
    this.#at++;
    this.#define(name, this.#named(token));
  }

  /** `use wasi:io/poll@0.2.0.{pollable as p};`, or `use poll.{…}` within a package. */
  #use(): void {
    let path = this.#next();
    while (!this.#accept("{")) path += this.#next();
    const target = path.replace(/@.*$/, "").replace(/\.$/, "");
    const packageName = this.#name.slice(0, this.#name.indexOf("/"));
    const from = this.#find(target.includes("/") ? target : `${packageName}/${target}`);
    this.#list("}", () => {
      const name = this.#next();
      const type = from.types.get(name);
      assert(type !== undefined, `WIT: ${this.#name}: ${from.name} has no ${name}`);
      this.#define(this.#accept("as") ? this.#next() : name, type);
    });
    this.#expect(";");
  }

  #resource(): void {
    const name = this.#next();
    const resource = this.#resourceNamed(name);
    if (this.#accept(";")) return;
    this.#expect("{");
    while (!this.#accept("}")) this.#member(name, resource);
  }

  #member(name: string, resource: ResourceType): void {
    const member = this.#next();
    if (member === "constructor" && this.#tokens[this.#at] === "(") {
      const parameters = this.#parameters();
      const made: ValueType = { kind: "own", resource };
      this.#functions.set(`[constructor]${name}`, { parameters, result: this.#accept("->") ? this.#type() : made });
      this.#expect(";");
      return;
    }
    this.#expect(":");
    const kind = this.#accept("static") ? "static" : "method";
    const type = this.#signature();
    const self: RecordField = { name: "self", type: { kind: "borrow", resource } };
    const parameters = kind === "method" ? [self, ...type.parameters] : type.parameters;
    this.#functions.set(`[${kind}]${name}.${member}`, { ...type, parameters });
  }

  #function(name: string): void {
    this.#expect(":");
    this.#functions.set(name, this.#signature());
  }

  /** `func(a: u8) -> u8;` */
  #signature(): FunctionType {
    this.#expect("func");
    const parameters = this.#parameters();
    const result = this.#accept("->") ? this.#type() : undefined;
    this.#expect(";");
    return { parameters, result };
  }

  #parameters(): RecordField[] {
    this.#expect("(");
    return this.#list(")", () => this.#labelled());
  }

  #labelled(): RecordField {
    const name = this.#next();
    this.#expect(":");
    return { name, type: this.#type() };
  }

  /** Items with commas between them, the last of which may have one too. */
  #list<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.#accept(end)) {
      items.push(item());
      if (this.#accept(",")) continue;
      this.#expect(end);
      break;
    }
    return items;
  }

  #compound(kind: "record" | "variant" | "enum" | "flags"): ValueType {
    this.#expect("{");
    switch (kind) {
      case "record":
        return { kind, fields: this.#list("}", () => this.#labelled()) };
      case "variant":
        return { kind, cases: this.#list("}", () => this.#case()) };
      default:
        return { kind, names: this.#list("}", () => this.#next()) };
    }
  }

  #case(): VariantCase {
    const name = this.#next();
    if (!this.#accept("(")) return { name, type: undefined };
    const type = this.#type();
    this.#expect(")");
    return { name, type };
  }

  #type(): ValueType {
    const word = this.#next();
    if (primitives.has(word)) return { kind: word as PrimitiveType["kind"] };
    switch (word) {
      case "list":
        return { kind: "list", element: this.#argument() };
      case "option":
        return { kind: "option", some: this.#argument() };
      case "tuple":
        this.#expect("<");
        return { kind: "tuple", items: this.#list(">", () => this.#type()) };
      case "result":
        return this.#result();
      case "borrow": {
        this.#expect("<");
        const handle: ValueType = { kind: "borrow", resource: this.#resourceNamed(this.#next()) };
        this.#expect(">");
        return handle;
      }
      case "own": {
        this.#expect("<");
        const handle: ValueType = { kind: "own", resource: this.#resourceNamed(this.#next()) };
        this.#expect(">");
        return handle;
      }
      default: {
        const named = this.#named(word);
        return named.kind === "value" ? named.type : { kind: "own", resource: named.resource };
      }
    }
  }

  #argument(): ValueType {
    this.#expect("<");
    const type = this.#type();
    this.#expect(">");
    return type;
  }

  #result(): ValueType {
    if (!this.#accept("<")) return { kind: "result", ok: undefined, error: undefined };
    const parts = this.#list(">", () => (this.#accept("_") ? undefined : this.#type()));
    assert(parts.length === 1 || parts.length === 2, `WIT: ${this.#name}: a result of ${parts.length} types`);
    return { kind: "result", ok: parts[0], error: parts[1] };
  }

  #resourceNamed(name: string): ResourceType {
    const type = this.#named(name);
    assert(type.kind === "resource", `WIT: ${this.#name}: ${name} is not a resource`);
    return type.resource;
  }
}
