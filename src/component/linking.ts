import { WarrenError } from "../base/errors.ts";
import { hex } from "../wasm/offset.ts";
import { type ComponentCaps, checkComponentCap } from "./caps.ts";
import type { CoreSignature } from "./core-signature.ts";
import type { CanonicalFunction, CoreInstancePlan, HostFunctionImport } from "./plan.ts";
import { TypeTable } from "./type-table.ts";
import type { CoreItem, ResourceType, ValueType } from "./types.ts";

/** What linking fills in. One that only validates throws it away. */
export interface PlanParts {
  componentInstances: number;
  readonly coreInstances: CoreInstancePlan[];
  readonly functions: CanonicalFunction[];
  /** By interface, version and name. */
  readonly imports: Map<string, { readonly index: number; readonly value: HostFunctionImport }>;
  readonly resources: DefinedResource[];
}

/** A guest's resource, whose destructor may turn out to be elsewhere once all is linked. */
export interface DefinedResource {
  readonly origin: "guest";
  readonly instance: number;
  destructor: CoreItem | undefined;
}

export function emptyPlanParts(): PlanParts {
  return { componentInstances: 0, coreInstances: [], functions: [], imports: new Map(), resources: [] };
}

/** Rules that a component can break, as codes of errors. */
export type Rule =
  /** An index or a name that nothing has, or something of another sort. */
  | "index"
  /** A name that is not one, or that is too like another. */
  | "name"
  /** A type that may not be. */
  | "type"
  /** What is given does not have the type that is wanted. */
  | "mismatch"
  /** A resource where only its own component may use it, or out of scope. */
  | "resource"
  /** Canonical options, or a core function that does not fit its lift or lower. */
  | "canonical"
  /** An instantiation that lacks something. */
  | "import-missing";

const hints: Readonly<Record<Rule, string>> = {
  index: "Build the component again with a current version of its toolchain.",
  name: "Give it a name as WIT has them.",
  type: "Build the component again with a current version of its toolchain.",
  mismatch: "Compose the component again from parts that were built against the same WIT.",
  resource: "Build the component again with a current version of its toolchain.",
  canonical: "Build the component again: its bindings do not belong to its core module.",
  "import-missing": "Compose the component again so that every part gets what it imports.",
};

/** How quoted names are cut off: hostile ones have 4 KiB. */
const nameCharactersMax = 80;

/** What is the same for all components of one file while it is linked. */
export class Linking {
  readonly caps: ComponentCaps;
  readonly types: TypeTable;
  /** By the index of the core module in the file. */
  readonly signatures: readonly CoreSignature[];
  /** What core modules may import without getting it from the component: rewriting added it. */
  readonly prepared: boolean;
  #steps = 0;
  #depth = 0;
  #functionNodes = 0;
  readonly #resources = new Map<string, ResourceType>();
  readonly #hostResource: HostResourceName;

  constructor(
    caps: ComponentCaps,
    signatures: readonly CoreSignature[],
    prepared: boolean,
    hostResource: HostResourceName,
  ) {
    this.caps = caps;
    this.types = new TypeTable(caps);
    this.signatures = signatures;
    this.prepared = prepared;
    this.#hostResource = hostResource;
  }

  /** Counts work, so that what is used often costs no more than what is written often. */
  step(count: number, at: number): void {
    this.#steps += count;
    checkComponentCap(this.caps, "linkSteps", this.#steps, at);
  }

  /** Goes one level deeper into components and types, which may name each other without nesting in the file. */
  nested<T>(at: number, work: () => T): T {
    checkComponentCap(this.caps, "nesting", ++this.#depth, at);
    const result = work();
    this.#depth--;
    return result;
  }

  /** Counts the types of a function that code is made for. */
  addFunction(types: readonly (ValueType | undefined)[], at: number): void {
    for (const type of types) if (type !== undefined) this.#functionNodes += this.types.facts(type).nodes;
    checkComponentCap(this.caps, "functionNodes", this.#functionNodes, at);
  }

  /** The host's resource of a name: always the same object. */
  hostResource(interfaceName: string, name: string): ResourceType {
    const identity = this.#hostResource(interfaceName, name);
    const key = `${identity.interface} ${identity.name}`;
    const known = this.#resources.get(key);
    if (known !== undefined) return known;
    const resource: ResourceType = { origin: "host", ...identity };
    this.#resources.set(key, resource);
    return resource;
  }

  /** Throws `component.RULE`. */
  fail(rule: Rule, at: number, text: string): never {
    throw new WarrenError(`component.${rule}`, `the component is not valid at ${hex(at)}: ${text}`, {
      at,
      hint: hints[rule],
    });
  }

  /** The item of an index space. */
  at<T>(space: readonly T[], index: number, what: string, at: number): T {
    const item = space[index];
    if (item === undefined) this.fail("index", at, `${what} ${index} does not exist: there are ${space.length}`);
    return item;
  }
}

/** Which resource an interface means by a name: an interface may use another's. */
export type HostResourceName = (
  interfaceName: string,
  name: string,
) => { readonly interface: string; readonly name: string };

/** A name for messages. */
export function quote(name: string): string {
  return `"${name.slice(0, nameCharactersMax)}${name.length > nameCharactersMax ? "…" : ""}"`;
}
