import { assert } from "../../base/assert.ts";
import type { ComponentPlan } from "../plan.ts";
import type { CoreItem } from "../types.ts";
import type { TypeTable } from "./type-table.ts";

/** One side of a call: where values are lifted from or lowered to, and who is on the other side. */
export interface Side {
  /** Variables of generated code. */
  readonly memory: string | undefined;
  readonly realloc: string | undefined;
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
  /** Index of the component instance. */
  readonly component: number;
  /** Resources of guests are objects for the host, and plain representations between guests. */
  readonly other: "host" | "guest";
  /** Whether lists of bytes are copied, since they are used after the call. */
  readonly copies: boolean;
}

/** What a core item is bound to once its instance is there. */
interface Late {
  readonly instance: number;
  readonly assignment: string;
}

/** Generated code as it is being put together. */
export class Generation {
  readonly plan: ComponentPlan;
  readonly types: TypeTable;
  readonly #functions: string[] = [];
  readonly #made = new Map<string, string>();
  readonly #declarations: string[] = [];
  readonly #late: Late[] = [];

  constructor(plan: ComponentPlan, types: TypeTable) {
    this.plan = plan;
    this.types = types;
  }

  /** Adds a function once for each key: `make` gives its source for the name that it gets. */
  once(prefix: string, identity: string, make: (name: string) => string): string {
    const known = this.#made.get(`${prefix} ${identity}`);
    if (known !== undefined) return known;
    const name = `${prefix}${this.#made.size}`;
    this.#made.set(`${prefix} ${identity}`, name);
    this.#functions.push(make(name));
    return name;
  }

  /** Adds a variable once for each key, with what it is from the beginning. */
  constant(prefix: string, identity: string, value: string): string {
    const known = this.#made.get(`${prefix} ${identity}`);
    if (known !== undefined) return known;
    const name = `${prefix}${this.#made.size}`;
    this.#made.set(`${prefix} ${identity}`, name);
    this.#declarations.push(`const ${name}=${value};`);
    return name;
  }

  add(source: string): void {
    this.#functions.push(source);
  }

  /** The memory of a component instance's. */
  memory(item: CoreItem | undefined, component: number): string | undefined {
    if (item === undefined) return undefined;
    assert(item.kind === "export", "a memory is an export");
    const identity = JSON.stringify([item.instance, item.name, component]);
    const known = this.#made.get(`m ${identity}`);
    if (known !== undefined) return known;
    const name = this.constant("m", identity, `new R.GuestMemory(S,c${component},E)`);
    this.#late.push({
      instance: item.instance,
      assignment: `${name}.bind(i${item.instance}[${JSON.stringify(item.name)}]);`,
    });
    return name;
  }

  /** A core function: a variable that has it once its instance is there, and traps until then. */
  callee(item: CoreItem): string {
    if (item.kind === "canonical") return `f${item.index}`;
    return this.#lateVariable("r", item, (value) => `R.callable(${value})`);
  }

  /** Realloc or post-return: one that is a canonical function itself could only trap. */
  helper(item: CoreItem | undefined): string | undefined {
    if (item === undefined) return undefined;
    return item.kind === "canonical" ? "N" : this.callee(item);
  }

  /** As {@link callee}, called so that it may be suspended: it gives a promise. */
  promised(item: CoreItem): string {
    if (item.kind === "canonical") return `f${item.index}`;
    return this.#lateVariable("p", item, (value) => `R.promising(${value})`);
  }

  /** What is to be done when a core instance is there. */
  bindings(instance: number): string {
    return this.#late
      .filter((late) => late.instance === instance)
      .map(({ assignment }) => assignment)
      .join("");
  }

  source(): string {
    return [...this.#declarations, ...this.#functions].join("\n");
  }

  #lateVariable(prefix: string, item: CoreItem & { readonly kind: "export" }, value: (item: string) => string): string {
    const identity = JSON.stringify([item.instance, item.name]);
    const known = this.#made.get(`${prefix} ${identity}`);
    if (known !== undefined) return known;
    const name = `${prefix}${this.#made.size}`;
    this.#made.set(`${prefix} ${identity}`, name);
    this.#declarations.push(`let ${name}=U;`);
    const assignment = `${name}=${value(`i${item.instance}[${JSON.stringify(item.name)}]`)};`;
    this.#late.push({ instance: item.instance, assignment });
    return name;
  }
}
