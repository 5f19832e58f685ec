import type { ComponentAst, CoreExternType, CoreTypeAst, InterfaceTypeAst } from "./ast.ts";
import type { CoreSignature } from "./core-signature.ts";
import type { LiftedFunction } from "./plan.ts";
import type { CoreItem, FunctionType, ResourceType, ValueType } from "./types.ts";

/** What the indices of a component stand for while it is linked. */
export type Entity =
  | FuncEntity
  | { readonly sort: "type"; readonly type: TypeEntity }
  | InstanceEntity
  | ComponentEntity
  | ModuleEntity;

export interface FuncEntity {
  readonly sort: "func";
  readonly type: FunctionType;
  readonly target: FuncTarget;
}

export type FuncTarget =
  | { readonly kind: "host"; readonly interface: string; readonly version: string; readonly name: string }
  | { readonly kind: "guest"; readonly function: LiftedFunction }
  /** Stands for any function of the type, while a component is validated by itself. */
  | { readonly kind: "abstract" };

export type TypeEntity =
  | { readonly kind: "value"; readonly type: ValueType }
  | { readonly kind: "func"; readonly type: FunctionType }
  | { readonly kind: "resource"; readonly resource: ResourceType }
  | InterfaceEntity;

/** The type of an instance or component, with the scope that its outer aliases go to. */
export interface InterfaceEntity {
  readonly kind: "interface";
  readonly ast: InterfaceTypeAst;
  readonly scope: Scope;
}

export interface InstanceEntity {
  readonly sort: "instance";
  readonly exports: ReadonlyMap<string, Entity>;
}

export type ComponentEntity =
  | { readonly sort: "component"; readonly kind: "defined"; readonly ast: ComponentAst; readonly scope: Scope }
  | { readonly sort: "component"; readonly kind: "abstract"; readonly type: InterfaceEntity };

export interface ModuleEntity {
  readonly sort: "core module";
  /** Of the file's modules; -1 for one that is only known by its type. */
  readonly index: number;
  readonly signature: CoreSignature;
}

/** An item of a core instance. */
export interface CoreEntity {
  readonly type: CoreExternType;
  readonly item: CoreItem;
}

export type CoreInstanceEntity = ReadonlyMap<string, CoreEntity>;

/** The index spaces of a component, or of a type of components or instances. */
export interface Scope {
  readonly kind: "component" | "type";
  readonly outer: Scope | undefined;
  /** Index of the component instance. */
  readonly component: number;
  /** Whether this is gone through to validate it, rather than for one more instance of what is valid. */
  readonly validates: boolean;
  readonly coreTypes: CoreTypeAst[];
  readonly coreInstances: CoreInstanceEntity[];
  readonly core: Readonly<Record<CoreExternType["sort"], CoreEntity[]>>;
  readonly modules: ModuleEntity[];
  readonly funcs: FuncEntity[];
  readonly types: TypeEntity[];
  readonly components: ComponentEntity[];
  readonly instances: InstanceEntity[];
}

export function newScope(kind: Scope["kind"], outer: Scope | undefined, component: number, validates: boolean): Scope {
  return {
    kind,
    outer,
    component,
    validates,
    coreTypes: [],
    coreInstances: [],
    core: { func: [], table: [], memory: [], global: [], tag: [] },
    modules: [],
    funcs: [],
    types: [],
    components: [],
    instances: [],
  };
}

/** Gives an entity the next index of its sort. */
export function define(scope: Scope, entity: Entity): void {
  switch (entity.sort) {
    case "func":
      scope.funcs.push(entity);
      break;
    case "type":
      scope.types.push(entity.type);
      break;
    case "instance":
      scope.instances.push(entity);
      break;
    case "component":
      scope.components.push(entity);
      break;
    case "core module":
      scope.modules.push(entity);
      break;
  }
}
