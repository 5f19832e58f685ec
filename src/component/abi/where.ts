import type { ComponentPlan, HostFunctionImport } from "../plan.ts";
import type { FunctionType } from "../types.ts";

// Places in generated code are numbers, so that nothing of a component's is in it for its messages: functions first, exports after them.
const perFunction = 1024;
const result = perFunction - 1;
const call = perFunction - 2;

export type Part = number | "result" | "call";

/** The number of a place: a parameter by its index, the result, or the call itself, of a function of the plan. */
export function placeOf(functionIndex: number, part: Part): number {
  const index = part === "result" ? result : part === "call" ? call : Math.min(part, call - 1);
  return functionIndex * perFunction + index;
}

/** `wasi:io/streams [method]output-stream.write: contents` */
export function describePlace(plan: ComponentPlan, where: number): string {
  const index = Math.floor(where / perFunction);
  const part = where % perFunction;
  const { name, type } = functionAt(plan, index);
  if (part === call) return name;
  return `${name}: ${part === result ? "result" : (type?.parameters[part]?.name ?? "parameter")}`;
}

export function importName({ interface: owner, name }: Pick<HostFunctionImport, "interface" | "name">): string {
  return owner === "" ? name : `${owner} ${name}`;
}

function functionAt(plan: ComponentPlan, index: number): { readonly name: string; readonly type?: FunctionType } {
  const exported = plan.exports[index - plan.functions.length];
  if (exported !== undefined) return { name: importName(exported), type: exported.function.type };
  const made = plan.functions[index];
  if (made === undefined) return { name: "component" };
  if (made.kind !== "lower") {
    const { resource } = made;
    return { name: resource.origin === "host" ? `${resource.interface} [resource-drop]${resource.name}` : made.kind };
  }
  if (made.target.kind === "guest") {
    const { component, type } = made.target.function;
    return { name: `a function of component instance ${component}`, type };
  }
  const imported = plan.imports[made.target.index]!;
  return { name: importName(imported), type: imported.type };
}
