import type { Entity } from "./entities.ts";
import { type Linking, quote } from "./linking.ts";
import { parseExternName, uniqueKey } from "./names.ts";
import type { FunctionType, ResourceType } from "./types.ts";
import { VisibleTypes } from "./visible-types.ts";

/** For the imports and the exports of one component or type. */
export function externItems(link: Linking, kind: "component" | "instance"): readonly [ExternItems, ExternItems] {
  if (kind === "instance") return [new ExternItems(link, undefined), new ExternItems(link, undefined)];
  const imported = new VisibleTypes(link);
  return [new ExternItems(link, imported), new ExternItems(link, new VisibleTypes(link, imported))];
}

/** The names and the types of the imports or of the exports of one component or type. */
export class ExternItems {
  readonly types: VisibleTypes | undefined;
  readonly #names: ExternNames;

  /** @param types undefined for a type of instances: what it says of types is looked at where a component has such an instance */
  constructor(link: Linking, types: VisibleTypes | undefined) {
    this.#names = new ExternNames(link);
    this.types = types;
  }

  add(name: string, entity: Entity, at: number): void {
    this.#names.add(name, entity, at);
    this.types?.add(name, entity, at);
  }
}

/**
 * The names of the imports or of the exports of one component, instance or type: checks that they are names, that no two are alike, and that
 * constructors, methods and static functions belong to a resource of the same place (Component model, Binary.md, Import and Export
 * Definitions).
 */
export class ExternNames {
  readonly #link: Linking;
  readonly #seen = new Set<string>();
  readonly #resources = new Map<string, ResourceType>();

  constructor(link: Linking) {
    this.#link = link;
  }

  add(name: string, entity: Entity, at: number): void {
    const parsed = parseExternName(name);
    if (parsed === undefined) this.#link.fail("name", at, `${quote(name)} is not a name of an import or export`);
    const key = uniqueKey(name);
    if (this.#seen.has(key)) this.#link.fail("name", at, `${quote(name)} is the same as another name here`);
    this.#seen.add(key);
    switch (parsed.kind) {
      case "label":
        if (entity.sort === "type" && entity.type.kind === "resource") this.#resources.set(name, entity.type.resource);
        break;
      case "interface":
        break;
      case "constructor":
      case "method":
      case "static":
        this.#checkMember(name, parsed.kind, parsed.resource, entity, at);
        break;
    }
  }

  #checkMember(
    name: string,
    kind: "constructor" | "method" | "static",
    resourceName: string,
    entity: Entity,
    at: number,
  ): void {
    const link: Linking = this.#link;
    if (entity.sort !== "func") link.fail("name", at, `${quote(name)} is not a function`);
    const resource = this.#resources.get(resourceName);
    if (resource === undefined) link.fail("name", at, `${quote(name)} comes without its resource before it`);
    if (kind === "constructor" && !makes(entity.type, resource)) {
      link.fail("type", at, `${quote(name)} does not answer with its resource`);
    }
    if (kind === "method" && !isMethodOf(entity.type, resource)) {
      link.fail("type", at, `${quote(name)} does not take its resource as a borrowed "self" first`);
    }
  }
}

function makes({ result }: FunctionType, resource: ResourceType): boolean {
  const made = result?.kind === "result" ? result.ok : result;
  return made?.kind === "own" && made.resource === resource;
}

function isMethodOf({ parameters }: FunctionType, resource: ResourceType): boolean {
  const self = parameters[0];
  return self?.name === "self" && self.type.kind === "borrow" && self.type.resource === resource;
}
