import type { Entity, TypeEntity } from "./entities.ts";
import { formatType } from "./format-type.ts";
import { type Linking, quote } from "./linking.ts";
import type { FunctionType, ResourceType, ValueType } from "./types.ts";

/**
 * The types that have a name by an import or an export. Whoever uses a component must be able to name each resource, record, variant, enum and set of
 * flags that its functions have to do with (Component model, Explainer.md, External Visibility of Types). Types of equal structure count as one
 * here.
 */
export class VisibleTypes {
  readonly #link: Linking;
  /** What imports have named, for exports. */
  readonly #imported: VisibleTypes | undefined;
  readonly #named = new Set<ValueType | ResourceType>();
  /** Types without a name of their own whose parts have been looked at. */
  readonly #seen = new Set<ValueType>();

  constructor(link: Linking, imported?: VisibleTypes) {
    this.#link = link;
    this.#imported = imported;
  }

  /** Checks what is imported or exported, and names the types in it. */
  add(name: string, entity: Entity, at: number): void {
    switch (entity.sort) {
      case "type":
        this.#addType(name, entity.type, at);
        break;
      case "func":
        this.#checkFunction(name, entity.type, at);
        break;
      case "instance":
        this.#link.step(entity.exports.size, at);
        for (const item of entity.exports.values()) if (item.sort === "type") this.#name(item.type);
        this.#link.nested(at, () => {
          for (const item of entity.exports.values()) this.add(name, item, at);
        });
        break;
      case "component":
      case "core module":
        break;
    }
  }

  #name(type: TypeEntity): void {
    if (type.kind === "resource") this.#named.add(type.resource);
    else if (type.kind === "value") this.#named.add(type.type);
  }

  #addType(name: string, type: TypeEntity, at: number): void {
    if (type.kind === "value") this.#checkParts(name, type.type, at);
    else if (type.kind === "func") this.#checkFunction(name, type.type, at);
    this.#name(type);
  }

  #checkFunction(name: string, { parameters, result }: FunctionType, at: number): void {
    this.#link.step(parameters.length, at);
    for (const parameter of parameters) this.#check(name, parameter.type, at);
    if (result !== undefined) this.#check(name, result, at);
  }

  has(type: ValueType | ResourceType): boolean {
    return this.#named.has(type) || this.#imported?.has(type) === true;
  }

  #check(name: string, type: ValueType, at: number): void {
    switch (type.kind) {
      case "record":
      case "variant":
      case "enum":
      case "flags":
        if (!this.has(type)) {
          this.#link.fail("type", at, `${quote(name)} has to do with a type that nothing names: ${formatType(type)}`);
        }
        break;
      default:
        if (!this.#seen.has(type)) this.#checkParts(name, type, at);
        this.#seen.add(type);
    }
  }

  #checkParts(name: string, type: ValueType, at: number): void {
    switch (type.kind) {
      case "record":
        for (const field of type.fields) this.#check(name, field.type, at);
        break;
      case "variant":
        for (const item of type.cases) if (item.type !== undefined) this.#check(name, item.type, at);
        break;
      case "tuple":
        for (const item of type.items) this.#check(name, item, at);
        break;
      case "list":
        this.#check(name, type.element, at);
        break;
      case "option":
        this.#check(name, type.some, at);
        break;
      case "result":
        if (type.ok !== undefined) this.#check(name, type.ok, at);
        if (type.error !== undefined) this.#check(name, type.error, at);
        break;
      case "own":
      case "borrow":
        if (!this.has(type.resource)) {
          this.#link.fail("resource", at, `${quote(name)} has to do with a resource that nothing names`);
        }
        break;
      default:
    }
  }
}
