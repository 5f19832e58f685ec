import { WarrenError } from "../../base/errors.ts";
import type { ModuleInfo } from "../module-info.ts";
import { reservedModule, reservedPrefix } from "./contract.ts";

/** Throws `module.reserved-name` for a module that imports or exports what the rewriter adds. */
export function checkReservedNames({ imports, exports }: ModuleInfo): void {
  const imported = imports.find(({ module }) => module === reservedModule);
  if (imported !== undefined) throw reserved(`imports "${imported.name.slice(0, 80)}" from "${reservedModule}"`);
  const exported = exports.find(({ name }) => name.startsWith(reservedPrefix));
  if (exported !== undefined) throw reserved(`exports "${exported.name.slice(0, 80)}"`);
}

function reserved(what: string): WarrenError {
  return new WarrenError("module.reserved-name", `the module ${what}, a name that only Warren itself may use`, {
    hint: `Rename it: the module "${reservedModule}" and names that begin with "${reservedPrefix}" are taken.`,
  });
}
