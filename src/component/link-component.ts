import type { ComponentAst, Definition, NamedItem } from "./ast.ts";
import { canonicalNeeds, coreFunctionAt, linkOptions } from "./canonical.ts";
import { checkComponentCap } from "./caps.ts";
import {
  type ComponentEntity,
  define,
  type Entity,
  type FuncEntity,
  type InstanceEntity,
  newScope,
  type Scope,
  type TypeEntity,
} from "./entities.ts";
import { type ExternItems, ExternNames, externItems } from "./extern-names.ts";
import { bundleCore, instantiateModule } from "./link-core.ts";
import { linkType, resourceAt } from "./link-types.ts";
import { type DefinedResource, emptyPlanParts, type Linking, type PlanParts, quote } from "./linking.ts";
import type { CanonicalFunction } from "./plan.ts";
import {
  abstractSupplier,
  aliasExport,
  aliasOuter,
  checkInterface,
  givenSupplier,
  type Supplier,
  supply,
  walkInterface,
} from "./supply.ts";
import type { CoreItem } from "./types.ts";

const i32 = 0x7f;

/**
 * Goes through a component's definitions, once for each of its instances, with what it gets for its imports. Its nested components are
 * validated when it is itself (`validate`): then they are gone through with imports that stand for anything, so that no instance of theirs can
 * depend on what it happens to be given.
 */
export class ComponentLinker {
  readonly #link: Linking;
  readonly #parts: PlanParts;
  readonly #validate: boolean;

  constructor(link: Linking, parts: PlanParts, validate: boolean) {
    this.#link = link;
    this.#parts = parts;
    this.#validate = validate;
  }

  /** Gives the exports of a new instance. */
  run(ast: ComponentAst, outer: Scope | undefined, imports: Supplier): Map<string, Entity> {
    const at = ast.definitions[0]?.at ?? 0;
    return this.#link.nested(at, () => {
      const component = this.#parts.componentInstances++;
      checkComponentCap(this.#link.caps, "componentInstances", component + 1, at);
      return new InstanceLinker(
        this,
        this.#link,
        this.#parts,
        newScope("component", outer, component, this.#validate),
        imports,
      ).run(ast);
    });
  }

  readonly instantiate = (
    component: ComponentEntity,
    args: ReadonlyMap<string, Entity>,
    at: number,
  ): Map<string, Entity> => {
    const given = givenSupplier(this.#link, args, this.#instantiateUnvalidated);
    if (component.kind === "defined") {
      return new ComponentLinker(this.#link, this.#parts, false).run(component.ast, component.scope, given);
    }
    this.#link.step(1, at);
    return walkInterface(this.#link, component.type, { imports: given, exports: abstractSupplier(this.#link) }).exports;
  };

  /** For comparing components with types: nothing of it is kept. */
  readonly #instantiateUnvalidated = (
    component: ComponentEntity,
    args: ReadonlyMap<string, Entity>,
    at: number,
  ): Map<string, Entity> => new ComponentLinker(this.#link, emptyPlanParts(), false).instantiate(component, args, at);

  given(entities: ReadonlyMap<string, Entity>): Supplier {
    return givenSupplier(this.#link, entities, this.#instantiateUnvalidated);
  }

  /** Validates a component that is defined here, before anything uses it. */
  validate(ast: ComponentAst, scope: Scope): void {
    if (!this.#validate) return;
    new ComponentLinker(this.#link, emptyPlanParts(), true).run(ast, scope, abstractSupplier(this.#link));
  }

  validateType(type: TypeEntity): void {
    if (this.#validate && type.kind === "interface") checkInterface(this.#link, type);
  }
}

/** One instance of a component while it is made. */
class InstanceLinker {
  readonly #linker: ComponentLinker;
  readonly #link: Linking;
  readonly #parts: PlanParts;
  readonly #scope: Scope;
  readonly #imports: Supplier;
  readonly #importItems: ExternItems | undefined;
  readonly #exportItems: ExternItems | undefined;
  readonly #exports = new Map<string, Entity>();

  constructor(linker: ComponentLinker, link: Linking, parts: PlanParts, scope: Scope, imports: Supplier) {
    this.#linker = linker;
    this.#link = link;
    this.#parts = parts;
    this.#scope = scope;
    this.#imports = imports;
    [this.#importItems, this.#exportItems] = scope.validates ? externItems(link, "component") : [];
  }

  run(ast: ComponentAst): Map<string, Entity> {
    for (const item of ast.definitions) {
      this.#link.step(1, item.at);
      this.#define(item);
    }
    return this.#exports;
  }

  #define(item: Definition): void {
    const link: Linking = this.#link;
    const scope = this.#scope;
    const { at } = item;
    switch (item.kind) {
      case "core-module":
        scope.modules.push({ sort: "core module", index: item.module, signature: link.signatures[item.module]! });
        break;
      case "core-instantiate":
        scope.coreInstances.push(instantiateModule(link, this.#parts, scope, item));
        break;
      case "core-exports":
        scope.coreInstances.push(bundleCore(link, scope, item));
        break;
      case "core-type":
        scope.coreTypes.push(item.type);
        break;
      case "component":
        this.#linker.validate(item.component, scope);
        scope.components.push({ sort: "component", kind: "defined", ast: item.component, scope });
        break;
      case "instantiate":
        scope.instances.push(this.#instantiate(item));
        break;
      case "exports":
        scope.instances.push(this.#bundle(item));
        break;
      case "alias-export":
        define(scope, aliasExport(link, scope, item));
        break;
      case "alias-core-export": {
        const entity = link.at(scope.coreInstances, item.instance, "core instance", at).get(item.name);
        if (entity?.type.sort !== item.sort) {
          link.fail("index", at, `core instance ${item.instance} exports no ${item.sort} ${quote(item.name)}`);
        }
        scope.core[item.sort].push(entity);
        break;
      }
      case "alias-outer":
        aliasOuter(link, scope, item);
        break;
      case "type":
        this.#defineType(item);
        break;
      case "lift":
        scope.funcs.push(this.#lift(item));
        break;
      case "lower":
        this.#lower(item);
        break;
      case "resource.new":
      case "resource.drop":
      case "resource.rep":
        this.#resourceFunction(item);
        break;
      case "import": {
        const entity = supply(link, scope, this.#imports, item.name, item.type, at);
        this.#importItems?.add(item.name, entity, at);
        define(scope, entity);
        break;
      }
      case "export":
        this.#export(item);
        break;
    }
  }

  #defineType(item: Extract<Definition, { readonly kind: "type" }>): void {
    const link: Linking = this.#link;
    const { at, type } = item;
    if (type.kind !== "resource") {
      const entity = linkType(link, this.#scope, type, at);
      this.#linker.validateType(entity);
      this.#scope.types.push(entity);
      return;
    }
    const wanted = { kind: "func", params: [i32], results: [] } as const;
    const destructor: CoreItem | undefined =
      type.destructor === undefined
        ? undefined
        : coreFunctionAt(link, this.#scope, type.destructor, wanted, "a destructor", at).item;
    const resource: DefinedResource = { origin: "guest", instance: this.#scope.component, destructor };
    this.#parts.resources.push(resource);
    this.#scope.types.push({ kind: "resource", resource });
  }

  #instantiate(item: Extract<Definition, { readonly kind: "instantiate" }>): InstanceEntity {
    const component = this.#link.at(this.#scope.components, item.component, "component", item.at);
    const args = new Map<string, Entity>();
    for (const arg of item.args) {
      if (args.has(arg.name)) this.#link.fail("name", arg.at, `a second argument ${quote(arg.name)}`);
      args.set(arg.name, this.#entity(arg));
    }
    return { sort: "instance", exports: this.#linker.instantiate(component, args, item.at) };
  }

  #bundle(item: Extract<Definition, { readonly kind: "exports" }>): InstanceEntity {
    const exports = new Map<string, Entity>();
    const names = this.#scope.validates ? new ExternNames(this.#link) : undefined;
    this.#link.step(item.exports.length, item.at);
    for (const exported of item.exports) {
      const entity = this.#entity(exported);
      names?.add(exported.name, entity, exported.at);
      exports.set(exported.name, entity);
    }
    return { sort: "instance", exports };
  }

  #entity({ sort, index, at }: NamedItem): Entity {
    const link: Linking = this.#link;
    const scope = this.#scope;
    switch (sort) {
      case "func":
        return link.at(scope.funcs, index, "function", at);
      case "type":
        return { sort: "type", type: link.at(scope.types, index, "type", at) };
      case "component":
        return link.at(scope.components, index, "component", at);
      case "instance":
        return link.at(scope.instances, index, "instance", at);
      case "core module":
        return link.at(scope.modules, index, "core module", at);
    }
  }

  #lift(item: Extract<Definition, { readonly kind: "lift" }>): FuncEntity {
    const link: Linking = this.#link;
    const { at } = item;
    const entity = link.at(this.#scope.types, item.type, "type", at);
    if (entity.kind !== "func") link.fail("index", at, `type ${item.type} is not the type of a function`);
    const { type } = entity;
    const needs = canonicalNeeds(link, type, "lift");
    const core = coreFunctionAt(link, this.#scope, item.func, needs.core, type, at);
    const options = linkOptions(link, this.#scope, item.options, needs, "lift", at);
    link.addFunction([...type.parameters.map((parameter) => parameter.type), type.result], at);
    return {
      sort: "func",
      type,
      target: { kind: "guest", function: { type, core: core.item, options, component: this.#scope.component } },
    };
  }

  #lower(item: Extract<Definition, { readonly kind: "lower" }>): void {
    const link: Linking = this.#link;
    const { at } = item;
    const func = link.at(this.#scope.funcs, item.func, "function", at);
    const needs = canonicalNeeds(link, func.type, "lower");
    const options = linkOptions(link, this.#scope, item.options, needs, "lower", at);
    link.addFunction([...func.type.parameters.map((parameter) => parameter.type), func.type.result], at);
    const component = this.#scope.component;
    this.#addCanonical(
      { kind: "lower", target: this.#target(func), options, component },
      needs.core.params,
      needs.core.results,
      at,
    );
  }

  #target({ target, type }: FuncEntity): Extract<CanonicalFunction, { readonly kind: "lower" }>["target"] {
    if (target.kind === "guest") return target;
    // It is in no plan: only what is validated by itself has such functions.
    if (target.kind === "abstract") return { kind: "host", index: -1 };
    const { imports } = this.#parts;
    const key = `${target.interface}\0${target.version}\0${target.name}`;
    const known = imports.get(key);
    if (known !== undefined) return { kind: "host", index: known.index };
    const index = imports.size;
    const { interface: interfaceName, version, name } = target;
    imports.set(key, { index, value: { interface: interfaceName, version, name, type } });
    return { kind: "host", index };
  }

  #resourceFunction(
    item: Extract<Definition, { readonly kind: "resource.new" | "resource.drop" | "resource.rep" }>,
  ): void {
    const { at, kind } = item;
    const resource = resourceAt(this.#link, this.#scope, item.type, at);
    const component = this.#scope.component;
    if (kind !== "resource.drop" && (resource.origin !== "guest" || resource.instance !== component)) {
      this.#link.fail("resource", at, `${kind} of a resource that this component does not define`);
    }
    this.#addCanonical({ kind, resource, component }, [i32], kind === "resource.drop" ? [] : [i32], at);
  }

  #addCanonical(canonical: CanonicalFunction, params: readonly number[], results: readonly number[], at: number): void {
    const { functions } = this.#parts;
    const index = functions.length;
    checkComponentCap(this.#link.caps, "canonicalFunctions", index + 1, at);
    functions.push(canonical);
    const type = { sort: "func", type: { kind: "func", params, results } } as const;
    this.#scope.core.func.push({ type, item: { kind: "canonical", index } });
  }

  #export(item: Extract<Definition, { readonly kind: "export" }>): void {
    const link: Linking = this.#link;
    const { at, name } = item;
    const given = this.#entity(item);
    // The type that an export is given may say less than what it has.
    const entity =
      item.type === undefined
        ? given
        : supply(link, this.#scope, this.#linker.given(new Map([[name, given]])), name, item.type, at);
    this.#exportItems?.add(name, entity, at);
    this.#exports.set(name, entity);
    define(this.#scope, entity);
  }
}
