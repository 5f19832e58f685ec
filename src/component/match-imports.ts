import { WarrenError } from "../base/errors.ts";
import { formatFunctionType } from "./format-type.ts";
import type { HostTypes } from "./host-types.ts";
import type { ComponentPlan, HostFunctionImport } from "./plan.ts";
import type { FunctionType, ResourceType, ValueType } from "./types.ts";

const listedMax = 10;
const nameCharactersMax = 80;

/**
 * Checks all that a component asks the host for against what is offered.
 *
 * Throws `program.imports-missing`, which names what is missing, or `program.import-mismatch` for a function of another type.
 */
export function matchImports(plan: ComponentPlan, offered: HostTypes): void {
  const missing = new Set<string>();
  for (const item of plan.imports) {
    const found = offered.find(item.interface, item.version);
    const type = found?.functions.get(item.name);
    if (found === undefined) missing.add(interfaceText(item, offered));
    else if (type === undefined) missing.add(importText(item));
    else if (!sameFunction(item.type, type)) throw mismatch(item, type);
  }
  for (const item of plan.functions) {
    if (item.kind !== "resource.drop" || item.resource.origin !== "host") continue;
    const { interface: interfaceName, name } = item.resource;
    const known = offered.hostResource(interfaceName, name);
    const isOffered = offered
      .versions(known.interface)
      .some((version) => offered.find(known.interface, version)?.types.get(known.name)?.kind === "resource");
    if (!isOffered) missing.add(`the resource ${cut(name)} of ${cut(interfaceName)}`);
  }
  if (missing.size > 0) throw missingImports([...missing]);
}

function interfaceText(item: HostFunctionImport, offered: HostTypes): string {
  if (item.interface === "") return cut(item.name);
  const versions = offered.versions(item.interface);
  const name = cut(item.version === "" ? item.interface : `${item.interface}@${item.version}`);
  return versions.length === 0 ? name : `${name} (offered: ${versions.join(", ")})`;
}

function importText({ interface: interfaceName, version, name }: HostFunctionImport): string {
  return cut(`${interfaceName}${version === "" ? "" : `@${version}`}.${name}`);
}

function cut(name: string): string {
  return name.length > nameCharactersMax ? `${name.slice(0, nameCharactersMax)}…` : name;
}

function missingImports(missing: readonly string[]): WarrenError {
  const more = missing.length > listedMax ? ` and ${missing.length - listedMax} more` : "";
  return new WarrenError(
    "program.imports-missing",
    `the program imports what Warren does not offer: ${missing.slice(0, listedMax).join(", ")}${more}`,
    { hint: "Build it for WASI 0.2, and compose it with the components that it needs beside that." },
  );
}

function mismatch(item: HostFunctionImport, type: FunctionType): WarrenError {
  return new WarrenError(
    "program.import-mismatch",
    `the program imports ${importText(item)} as ${formatFunctionType(item.type)}, Warren offers ${formatFunctionType(type)}`,
    { hint: "Build it with bindings that were made from the WIT of WASI 0.2." },
  );
}

function sameFunction(a: FunctionType, b: FunctionType): boolean {
  return (
    a.parameters.length === b.parameters.length &&
    a.parameters.every(
      ({ name, type }, i) => name === b.parameters[i]!.name && sameType(type, b.parameters[i]!.type),
    ) &&
    sameType(a.result, b.result)
  );
}

/** The host's types are small, and nothing is looked at that they do not have. */
function sameType(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  switch (b.kind) {
    case "list":
      return a.kind === "list" && sameType(a.element, b.element);
    case "option":
      return a.kind === "option" && sameType(a.some, b.some);
    case "result":
      return a.kind === "result" && sameType(a.ok, b.ok) && sameType(a.error, b.error);
    case "tuple":
      return a.kind === "tuple" && sameList(a.items, b.items, sameType);
    case "record":
      return a.kind === "record" && sameList(a.fields, b.fields, sameNamed);
    case "variant":
      return a.kind === "variant" && sameList(a.cases, b.cases, sameNamed);
    case "enum":
    case "flags":
      return a.kind === b.kind && sameList(a.names, b.names, (one, other) => one === other);
    case "own":
    case "borrow":
      return a.kind === b.kind && sameResource(a.resource, b.resource);
    default:
      return a.kind === b.kind;
  }
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (one: T, other: T) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => same(item, b[i]!));
}

interface Named {
  readonly name: string;
  readonly type: ValueType | undefined;
}

function sameNamed(a: Named, b: Named): boolean {
  return a.name === b.name && sameType(a.type, b.type);
}

function sameResource(a: ResourceType, b: ResourceType): boolean {
  return a.origin === "host" && b.origin === "host" && a.interface === b.interface && a.name === b.name;
}
