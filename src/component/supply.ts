import type { CoreModuleAst, Declaration, ExternType } from "./ast.ts";
import { type CoreSignature, matchesCore, signatureOfType } from "./core-signature.ts";
import {
  type ComponentEntity,
  define,
  type Entity,
  type FuncEntity,
  type InstanceEntity,
  type InterfaceEntity,
  type ModuleEntity,
  newScope,
  type Scope,
  type TypeEntity,
} from "./entities.ts";
import { externItems } from "./extern-names.ts";
import { formatFunctionType } from "./format-type.ts";
import { linkType, sameFunctionType } from "./link-types.ts";
import { type Linking, quote } from "./linking.ts";
import { parseExternName } from "./names.ts";
import type { FunctionType, ResourceType } from "./types.ts";

/** Where the things come from that a type names: what is imported, or what an instance exports. */
export interface Supplier {
  resource(name: string, at: number): ResourceType;
  /** For a type that must equal `type`. */
  equal(name: string, type: TypeEntity, at: number): TypeEntity;
  func(name: string, type: FunctionType, at: number): FuncEntity;
  instance(name: string, type: InterfaceEntity, at: number): InstanceEntity;
  component(name: string, type: InterfaceEntity, at: number): ComponentEntity;
  module(name: string, type: CoreModuleAst, at: number): ModuleEntity;
}

/** Gets what an import or export of a type stands for. */
export function supply(
  link: Linking,
  scope: Scope,
  from: Supplier,
  name: string,
  type: ExternType,
  at: number,
): Entity {
  link.step(1, at);
  switch (type.sort) {
    case "type":
      if (type.equals === undefined) {
        return { sort: "type", type: { kind: "resource", resource: from.resource(name, at) } };
      }
      return { sort: "type", type: from.equal(name, link.at(scope.types, type.equals, "type", at), at) };
    case "func": {
      const entity = link.at(scope.types, type.index, "type", at);
      if (entity.kind !== "func") link.fail("index", at, `type ${type.index} is not the type of a function`);
      return from.func(name, entity.type, at);
    }
    case "instance":
      return from.instance(name, interfaceAt(link, scope, type.index, "instance", at), at);
    case "component":
      return from.component(name, interfaceAt(link, scope, type.index, "component", at), at);
    case "core module": {
      const module = link.at(scope.coreTypes, type.index, "core type", at);
      if (module?.kind !== "module") link.fail("index", at, `core type ${type.index} is not the type of a module`);
      return from.module(name, module, at);
    }
  }
}

function interfaceAt(
  link: Linking,
  scope: Scope,
  index: number,
  kind: "instance" | "component",
  at: number,
): InterfaceEntity {
  const entity = link.at(scope.types, index, "type", at);
  if (entity.kind !== "interface" || entity.ast.kind !== kind) {
    link.fail("index", at, `type ${index} is not the type of ${kind === "instance" ? "an instance" : "a component"}`);
  }
  return entity;
}

interface InterfaceItems {
  readonly imports: Map<string, Entity>;
  readonly exports: Map<string, Entity>;
}

interface InterfaceSuppliers {
  readonly imports: Supplier;
  readonly exports: Supplier;
}

/** Goes through the declarations of a valid type with what its imports and exports are to be. Gives both by their names. */
export function walkInterface(link: Linking, type: InterfaceEntity, suppliers: InterfaceSuppliers): InterfaceItems {
  return walk(link, type, suppliers, false);
}

function walk(link: Linking, type: InterfaceEntity, suppliers: InterfaceSuppliers, validates: boolean): InterfaceItems {
  return link.nested(type.ast.declarations[0]?.at ?? 0, () => walkDeclarations(link, type, suppliers, validates));
}

function walkDeclarations(
  link: Linking,
  type: InterfaceEntity,
  suppliers: InterfaceSuppliers,
  validates: boolean,
): InterfaceItems {
  const scope = newScope("type", type.scope, type.scope.component, validates);
  const imports = new Map<string, Entity>();
  const exports = new Map<string, Entity>();
  const [importItems, exportItems] = validates ? externItems(link, type.ast.kind) : [];
  for (const item of type.ast.declarations) {
    const { at } = item;
    if (item.kind === "import") {
      const entity = supply(link, scope, suppliers.imports, item.name, item.type, at);
      importItems?.add(item.name, entity, at);
      imports.set(item.name, entity);
      define(scope, entity);
    } else if (item.kind === "declare-export") {
      const entity = supply(link, scope, suppliers.exports, item.name, item.type, at);
      exportItems?.add(item.name, entity, at);
      exports.set(item.name, entity);
      define(scope, entity);
    } else {
      link.step(1, at);
      declare(link, scope, item);
    }
  }
  return { imports, exports };
}

function declare(
  link: Linking,
  scope: Scope,
  item: Exclude<Declaration, { readonly kind: "import" | "declare-export" }>,
): void {
  const { at } = item;
  switch (item.kind) {
    case "core-type":
      scope.coreTypes.push(item.type);
      break;
    case "type": {
      if (item.type.kind === "resource") link.fail("type", at, "a resource cannot be defined inside a type");
      const entity = linkType(link, scope, item.type, at);
      if (scope.validates && entity.kind === "interface") checkInterface(link, entity);
      scope.types.push(entity);
      break;
    }
    case "alias-export": {
      if (item.sort !== "type" && item.sort !== "instance") {
        link.fail("index", at, `a type cannot alias a ${item.sort} of an instance`);
      }
      define(scope, aliasExport(link, scope, item));
      break;
    }
    case "alias-outer":
      if (item.sort !== "type" && item.sort !== "core type") {
        link.fail("index", at, `a type cannot alias a ${item.sort} from outside`);
      }
      aliasOuter(link, scope, item);
      break;
  }
}

/** Validates a type of instances or components by itself. */
export function checkInterface(link: Linking, type: InterfaceEntity): void {
  const abstract = abstractSupplier(link);
  walk(link, type, { imports: abstract, exports: abstract }, true);
}

export function aliasExport(
  link: Linking,
  scope: Scope,
  item: Extract<Declaration, { readonly kind: "alias-export" }>,
): Entity {
  const instance = link.at(scope.instances, item.instance, "instance", item.at);
  const entity = instance.exports.get(item.name);
  if (entity?.sort !== item.sort) {
    link.fail("index", item.at, `instance ${item.instance} exports no ${item.sort} ${quote(item.name)}`);
  }
  return entity;
}

export function aliasOuter(
  link: Linking,
  scope: Scope,
  item: Extract<Declaration, { readonly kind: "alias-outer" }>,
): void {
  const { at } = item;
  let target: Scope = scope;
  let crossesComponent = false;
  for (let i = 0; i < item.count; i++) {
    crossesComponent ||= target.kind === "component";
    if (target.outer === undefined) link.fail("index", at, `there are no ${item.count} scopes around this alias`);
    target = target.outer;
  }
  switch (item.sort) {
    case "type": {
      const entity = link.at(target.types, item.index, "type", at);
      if (crossesComponent && namesResource(link, entity)) {
        link.fail(
          "resource",
          at,
          `type ${item.index} of an outer component has to do with a resource: it must be imported`,
        );
      }
      scope.types.push(entity);
      break;
    }
    case "core type":
      // Types of the GC proposal are undefined here.
      if (item.index >= target.coreTypes.length) {
        link.fail("index", at, `core type ${item.index} does not exist: there are ${target.coreTypes.length}`);
      }
      scope.coreTypes.push(target.coreTypes[item.index]);
      break;
    case "component":
      scope.components.push(link.at(target.components, item.index, "component", at));
      break;
    case "core module":
      scope.modules.push(link.at(target.modules, item.index, "core module", at));
      break;
  }
}

function namesResource(link: Linking, entity: TypeEntity): boolean {
  switch (entity.kind) {
    case "resource":
      return true;
    case "value":
      return link.types.facts(entity.type).hasResource;
    case "func": {
      const { parameters, result } = entity.type;
      return (
        parameters.some(({ type }) => link.types.facts(type).hasResource) ||
        (result !== undefined && link.types.facts(result).hasResource)
      );
    }
    case "interface":
      return entity.ast.declarations.some((item) => aliasesResource(link, entity.scope, item, 0));
  }
}

/** Whether a declaration takes a type from outside of its interface that has to do with a resource. */
function aliasesResource(link: Linking, around: Scope, item: Declaration, depth: number): boolean {
  link.step(1, item.at);
  if (item.kind === "type" && (item.type.kind === "instance" || item.type.kind === "component")) {
    return item.type.declarations.some((inner) => aliasesResource(link, around, inner, depth + 1));
  }
  if (item.kind !== "alias-outer" || item.sort !== "type" || item.count <= depth) return false;
  let target: Scope | undefined = around;
  for (let i = depth + 1; i < item.count; i++) target = target?.outer;
  const entity = target?.types[item.index];
  return entity !== undefined && namesResource(link, entity);
}

/** Stands for anything of the right type: each resource is a new one. */
export function abstractSupplier(link: Linking): Supplier {
  return {
    resource: (name) => ({ origin: "host", interface: "", name }),
    equal: (_name, type) => type,
    func: (_name, type) => ({ sort: "func", type, target: { kind: "abstract" } }),
    instance: (_name, type) => {
      const self = abstractSupplier(link);
      return { sort: "instance", exports: walkInterface(link, type, { imports: self, exports: self }).exports };
    },
    component: (_name, type) => ({ sort: "component", kind: "abstract", type }),
    module: (_name, type) => ({ sort: "core module", index: -1, signature: signatureOfType(type) }),
  };
}

/** The imports of the root: functions and resources of the host. */
export function hostSupplier(link: Linking, interfaceName: string, version: string): Supplier {
  const impossible = (name: string, at: number, what: string): never =>
    link.fail("import-missing", at, `it imports ${what} ${quote(name)}, but a host gives functions and resources only`);
  return {
    resource: (name) => link.hostResource(interfaceName, name),
    equal: (_name, type) => type,
    func: (name, type) => ({ sort: "func", type, target: { kind: "host", interface: interfaceName, version, name } }),
    instance: (name, type, at) => {
      if (interfaceName !== "") impossible(name, at, "an instance within an instance,");
      const parsed = parseExternName(name);
      const inner =
        parsed?.kind === "interface"
          ? hostSupplier(link, parsed.interface, parsed.version)
          : hostSupplier(link, name, "");
      return { sort: "instance", exports: walkInterface(link, type, { imports: inner, exports: inner }).exports };
    },
    component: (name, _type, at) => impossible(name, at, "a component"),
    module: (name, _type, at) => impossible(name, at, "a core module"),
  };
}

/** What instantiates a component with arguments. It stands in link.ts. */
export type Instantiate = (
  component: ComponentEntity,
  args: ReadonlyMap<string, Entity>,
  at: number,
) => Map<string, Entity>;

/** Things that are there already, which must have the types that are wanted. */
export function givenSupplier(link: Linking, given: ReadonlyMap<string, Entity>, instantiate: Instantiate): Supplier {
  const find = <S extends Entity["sort"]>(sort: S, name: string, at: number): Extract<Entity, { readonly sort: S }> => {
    const entity = given.get(name);
    if (entity === undefined) link.fail("import-missing", at, `no ${sort} is given for ${quote(name)}`);
    if (entity.sort !== sort) {
      link.fail("mismatch", at, `a ${sort} is wanted for ${quote(name)}, a ${entity.sort} is given`);
    }
    return entity as Extract<Entity, { readonly sort: S }>;
  };
  return {
    resource: (name, at) => {
      const { type } = find("type", name, at);
      if (type.kind !== "resource")
        link.fail("mismatch", at, `a resource is wanted for ${quote(name)}, another type is given`);
      return type.resource;
    },
    equal: (name, type, at) => {
      if (!sameType(link, find("type", name, at).type, type)) {
        link.fail("mismatch", at, `the type that is given for ${quote(name)} is another one`);
      }
      return type;
    },
    func: (name, type, at) => {
      const entity = find("func", name, at);
      link.step(type.parameters.length, at);
      if (!sameFunctionType(entity.type, type)) {
        link.fail(
          "mismatch",
          at,
          `${quote(name)} is wanted as ${formatFunctionType(type)}, but given as ${formatFunctionType(entity.type)}`,
        );
      }
      return entity;
    },
    instance: (name, type, at) => {
      const inner = givenSupplier(link, find("instance", name, at).exports, instantiate);
      return { sort: "instance", exports: walkInterface(link, type, { imports: inner, exports: inner }).exports };
    },
    component: (name, type, at) => {
      const component = find("component", name, at);
      checkComponent(link, component, type, instantiate, at);
      return component;
    },
    module: (name, type, at) => {
      const module = find("core module", name, at);
      checkModule(link, name, module.signature, signatureOfType(type), at);
      return module;
    },
  };
}

/** A component fits a type if it takes no more than the type says and gives no less: it is tried with arguments of just these types. */
function checkComponent(
  link: Linking,
  component: ComponentEntity,
  type: InterfaceEntity,
  instantiate: Instantiate,
  at: number,
): void {
  const abstract = abstractSupplier(link);
  const { imports } = walkInterface(link, type, { imports: abstract, exports: abstract });
  const exports = instantiate(component, imports, at);
  walkInterface(link, type, {
    imports: givenSupplier(link, imports, instantiate),
    exports: givenSupplier(link, exports, instantiate),
  });
}

function checkModule(link: Linking, name: string, actual: CoreSignature, wanted: CoreSignature, at: number): void {
  const offered = new Map(wanted.imports.map((item) => [`${item.module}\0${item.name}`, item.type]));
  link.step(actual.imports.length + wanted.imports.length + wanted.exports.size, at);
  for (const item of actual.imports) {
    const type = offered.get(`${item.module}\0${item.name}`);
    if (type === undefined || !matchesCore(type, item.type)) {
      link.fail(
        "mismatch",
        at,
        `the core module for ${quote(name)} wants another import ${quote(`${item.module}.${item.name}`)}`,
      );
    }
  }
  for (const [exported, type] of wanted.exports) {
    const found = actual.exports.get(exported);
    if (found === undefined || !matchesCore(found, type)) {
      link.fail("mismatch", at, `the core module for ${quote(name)} does not export ${quote(exported)} as wanted`);
    }
  }
}

function sameType(link: Linking, a: TypeEntity, b: TypeEntity): boolean {
  if (a.kind === "value") return b.kind === "value" && a.type === b.type;
  if (a.kind === "resource") return b.kind === "resource" && a.resource === b.resource;
  if (a.kind === "func") return b.kind === "func" && sameFunctionType(a.type, b.type);
  link.step(1, 0);
  return b.kind === "interface" && a.ast === b.ast;
}
