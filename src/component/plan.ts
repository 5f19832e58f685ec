import type { CoreItem, FunctionType, ResourceType } from "./types.ts";

/**
 * What is to be done to instantiate a component, nested components included, as the linker works it out from the file. It refers
 * to nothing of the file but the core modules' bytes.
 */
export interface ComponentPlan {
  readonly modules: readonly CoreModule[];
  /** How many component instances there are: each has a handle table and flags (may leave, may enter) of its own. */
  readonly componentInstances: number;
  /** In the order in which they are made. */
  readonly coreInstances: readonly CoreInstancePlan[];
  /** The functions that core modules call and which we make. */
  readonly functions: readonly CanonicalFunction[];
  /** Functions of the host that some canonical function lowers, each once. */
  readonly imports: readonly HostFunctionImport[];
  readonly exports: readonly ExportedFunction[];
}

/** Where a core module lies in the component's bytes. */
export interface CoreModule {
  readonly start: number;
  readonly end: number;
}

export interface CoreInstancePlan {
  /** Index into `modules`. */
  readonly module: number;
  /** Index of the component instance that it belongs to. */
  readonly component: number;
  readonly imports: readonly CoreImport[];
  /**
   * An export of it, a function without parameters and results (`_initialize`), that is called once it is there, before the next
   * instance is made, and when all functions of the plan find it.
   */
  readonly initializer?: string;
}

/** One import of a core module: what is given for `module` `name`. */
export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly item: CoreItem;
}

/** Canonical options of a lift or a lower (Component model, CanonicalABI.md). */
export interface CanonicalOptions {
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
  readonly memory: CoreItem | undefined;
  readonly realloc: CoreItem | undefined;
  readonly postReturn: CoreItem | undefined;
}

export interface HostFunctionImport {
  /** `wasi:io/streams`, without its version. A function that the component imports by itself has the interface `""`. */
  readonly interface: string;
  /** As the file has it: `0.2.3`. Empty when it has none. */
  readonly version: string;
  /** As in the file: `read-via-stream`, `[method]input-stream.read`, `[constructor]fields`, `[static]fields.from-list`. */
  readonly name: string;
  readonly type: FunctionType;
}

/** A component function that a guest implements. */
export interface LiftedFunction {
  readonly type: FunctionType;
  readonly core: CoreItem;
  readonly options: CanonicalOptions;
  /** Index of the component instance whose it is. */
  readonly component: number;
}

export type CanonicalFunction =
  | {
      readonly kind: "lower";
      /** A function of the host's (index into `imports`), or another component's. */
      readonly target:
        | { readonly kind: "host"; readonly index: number }
        | { readonly kind: "guest"; readonly function: LiftedFunction };
      readonly options: CanonicalOptions;
      /** Index of the component instance that calls it. */
      readonly component: number;
    }
  | {
      readonly kind: "resource.new" | "resource.drop" | "resource.rep";
      readonly resource: ResourceType;
      readonly component: number;
    };

export interface ExportedFunction {
  /** `wasi:http/incoming-handler`, without its version; `""` for one that the component exports by itself. */
  readonly interface: string;
  readonly version: string;
  readonly name: string;
  readonly function: LiftedFunction;
}
