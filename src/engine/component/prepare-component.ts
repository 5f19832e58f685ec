import { componentKind } from "../../component/component-kind.ts";
import { decodeComponent } from "../../component/decode.ts";
import { decodeModules, linkComponent, plannedModules } from "../../component/link.ts";
import { matchImports } from "../../component/match-imports.ts";
import { rewriteModules } from "../../component/rewrite-modules.ts";
import { decodeModule } from "../../wasm/decode.ts";
import { limitMemory } from "../../wasm/limit-memory.ts";
import { pageBytes } from "../../wasm/limits.ts";
import type { ModuleInfo } from "../../wasm/module-info.ts";
import { rewriteModule } from "../../wasm/rewrite/rewrite.ts";
import { withoutDebug } from "../../wasm/without-debug.ts";
import { kindSection } from "../check/prepared-kind.ts";
import type { PrepareOptions } from "../prepare.ts";
import { offeredTypes } from "./offers.ts";

/**
 * Checks a component and makes of it the one whose core modules V8 is given: the same with its core modules rewritten, and behind it what
 * kind it is. Modules that linking makes superfluous stay as they are; linking again finds the same.
 *
 * Throws what `decodeComponent`, `decodeModules`, `linkComponent`, `matchImports`, `componentKind`, `limitMemory` and `rewriteModule` throw.
 */
export function prepareComponent(bytes: Uint8Array, { memoryBytesMax, interruptible }: PrepareOptions): Uint8Array {
  const component = decodeComponent(bytes);
  const modules = decodeModules(component);
  const types = offeredTypes();
  const plan = linkComponent(component, modules, types);
  matchImports(plan, types);
  const { kind } = componentKind(plan);
  const used = plannedModules(plan, component, modules);
  const limits = memoryShares(used, memoryBytesMax);
  const rewritten = rewriteModules(component, plan, (_, index) => {
    const info = used[index]!;
    const limit = limits[index]!;
    const limited = limitMemory(info.bytes, info, limit);
    const limitedInfo = limited === info.bytes ? info : decodeModule(limited);
    if (!interruptible) return withoutDebug(limitedInfo);
    return rewriteModule(limitedInfo, { marks: kind === "handler" }).bytes;
  });
  return Buffer.concat([rewritten, kindSection(kind)]);
}

/**
 * How far the memories of each module may grow: those of all together have the limit. Each has what it declares to begin with, and
 * an equal part of what is left.
 */
function memoryShares(modules: readonly ModuleInfo[], bytesMax: number): number[] {
  const initial = ({ memories }: ModuleInfo) => memories.reduce((sum, { min }) => sum + min * pageBytes, 0);
  const owners = modules.filter(({ memories }) => memories.length > 0).length;
  const left = Math.max(0, bytesMax - modules.reduce((sum, module) => sum + initial(module), 0));
  const part = Math.floor(left / Math.max(owners, 1) / pageBytes) * pageBytes;
  return modules.map((module) => (owners <= 1 ? bytesMax : initial(module) + part));
}
