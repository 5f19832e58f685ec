import type { ComponentPlan, HostFunctionImport } from "../plan.ts";
import type { CoreItem, ValueType } from "../types.ts";
import { exportSource } from "./export-source.ts";
import { Generation } from "./generation.ts";
import { guestCallSource } from "./guest-call-source.ts";
import { hostCallSource } from "./host-call-source.ts";
import { key, label } from "./names.ts";
import { hostDropSource, resourceSource } from "./resource-source.ts";
import { planSuspension, type Suspension } from "./suspension.ts";
import { TypeTable } from "./type-table.ts";
import { importName, type Part, placeOf } from "./where.ts";

export interface GlueOptions {
  /** Whether a function of the host's may give a promise. */
  readonly blocks: (imported: HostFunctionImport) => boolean;
  /** Whether guests may be suspended anywhere, not only in a function that blocks. */
  readonly preemptive: boolean;
}

/**
 * The types of a plan, always in the same order: the numbers of resources in generated code are those of this table.
 * @throws WarrenError `component.type-depth`, `component.type-size`.
 */
export function planTypes(plan: ComponentPlan): TypeTable {
  const types = new TypeTable();
  const add = (type: ValueType | undefined): void => {
    if (type !== undefined) types.node(type);
  };
  const functions = [
    ...plan.imports.map(({ type }) => type),
    ...plan.functions.flatMap((made) =>
      made.kind === "lower" && made.target.kind === "guest" ? [made.target.function.type] : [],
    ),
    ...plan.exports.map((exported) => exported.function.type),
  ];
  for (const { parameters, result } of functions) {
    for (const { type } of parameters) add(type);
    add(result);
  }
  for (const made of plan.functions) if (made.kind !== "lower") types.resource(made.resource);
  return types;
}

/**
 * Source of the function body that makes instances of a plan: given the runtime `R`, it returns
 * `async (S, E) => ({ exports, drops })`. Nothing of the component's is in it but quoted names.
 */
export function generateGlue(plan: ComponentPlan, options: GlueOptions): string {
  const generation = new Generation(plan, planTypes(plan));
  const suspension = planSuspension(plan, options.blocks, options.preemptive);
  for (const index of plan.functions.keys()) generation.add(functionSource(generation, index, suspension));
  const exports = plan.exports.map(({ interface: owner, name, function: lifted }, index) => {
    const where = (part: Part): string => String(placeOf(plan.functions.length + index, part));
    const source = exportSource(generation, lifted, index, where);
    generation.add(`const x${index}=async function $${label(`${owner}_${name}`)}${source};`);
    return `x${index}`;
  });
  const unknown = placeOf(plan.functions.length + plan.exports.length, "call");
  const drops = generation.types.resources.map((resource) => hostDropSource(generation, resource) ?? "undefined");
  const instances = plan.coreInstances.map(
    ({ component }, index) =>
      `${instanceSource(plan, index, suspension)}${generation.bindings(index)}${initializerSource(plan, index)}c${component}.entered=false;`,
  );
  return [
    '"use strict";',
    "return async function instantiate(S,E){",
    "const Q=new Array(16).fill(0),F=(e)=>{throw S.end(e);};",
    // What stands for a function of an instance that is not made yet, and for one that could only trap.
    `const U=()=>S.trap(${unknown},"a function of a core instance is called before that is there"),N=()=>S.cannotLeave(${unknown});`,
    ...Array.from(
      { length: plan.componentInstances },
      (_, index) => `const c${index}=S.components[${index}],t${index}=c${index}.table;`,
    ),
    generation.source(),
    "try{",
    ...instances,
    "}catch(e){S.end(e);throw S.ended.cause;}",
    `return{exports:[${exports.join(",")}],drops:[${drops.join(",")}]};`,
    "};",
  ].join("\n");
}

/** Whether the function that a guest is given for this one is a suspending one. */
function isSuspending(plan: ComponentPlan, index: number, suspension: Suspension): boolean {
  const made = plan.functions[index]!;
  if (made.kind === "lower")
    return made.target.kind === "host"
      ? suspension.blocks(plan.imports[made.target.index]!)
      : suspension.suspends(made.target.function.component);
  return (
    made.kind === "resource.drop" &&
    made.resource.origin === "guest" &&
    made.resource.destructor !== undefined &&
    suspension.suspends(made.resource.instance)
  );
}

/** `f` is the function of the plan itself, `g` what guests import for it. */
function functionSource(generation: Generation, index: number, suspension: Suspension): string {
  const { plan } = generation;
  const made = plan.functions[index]!;
  const where = (part: Part): string => String(placeOf(index, part));
  const suspends = isSuspending(plan, index, suspension);
  const imported = suspends ? `const g${index}=new R.Suspending(f${index});` : "";
  if (made.kind !== "lower") {
    const source = resourceSource(generation, made, where, suspends);
    return `const f${index}=${suspends ? "async " : ""}function $${label(made.kind)}${source};${imported}`;
  }
  if (made.target.kind === "guest") {
    const source = guestCallSource(generation, made, made.target.function, where, suspends);
    return `const f${index}=${suspends ? "async " : ""}function $call${source};${imported}`;
  }
  const target = plan.imports[made.target.index]!;
  const source = hostCallSource(generation, made, target, made.target.index, where, suspends);
  return `const f${index}=function $${label(importName(target))}${source};${imported}`;
}

/** Statements that call what is to be called once a core instance is there. */
function initializerSource(plan: ComponentPlan, index: number): string {
  const { initializer } = plan.coreInstances[index]!;
  if (initializer === undefined) return "";
  return `{const p=E.initialize(${index},i${index}[${JSON.stringify(initializer)}]);if(p instanceof Promise)await p;}`;
}

/** Statements that make a core instance, its exports in `i` and its number. */
function instanceSource(plan: ComponentPlan, index: number, suspension: Suspension): string {
  const { imports, component } = plan.coreInstances[index]!;
  const item = (from: CoreItem): string => {
    if (from.kind === "canonical") return `${isSuspending(plan, from.index, suspension) ? "g" : "f"}${from.index}`;
    return `i${from.instance}[${JSON.stringify(from.name)}]`;
  };
  const modules = new Map<string, string[]>();
  for (const { module, name, item: from } of imports) {
    const fields = modules.get(module) ?? [];
    modules.set(module, [...fields, `${key(name)}:${item(from)}`]);
  }
  const object = [...modules].map(([module, fields]) => `${key(module)}:{${fields.join(",")}}`).join(",");
  return `c${component}.entered=true;let i${index}=E.instantiate(${index},{${object}});if(i${index} instanceof Promise)i${index}=await i${index};`;
}
