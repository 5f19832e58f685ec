import type { CoreFunctionAst, OptionsAst } from "./ast.ts";
import { formatCoreFunction, sameFunction } from "./core-signature.ts";
import type { CoreEntity, Scope } from "./entities.ts";
import { formatFunctionType } from "./format-type.ts";
import type { Linking } from "./linking.ts";
import type { CanonicalOptions } from "./plan.ts";
import { joinFlat, type TypeFacts } from "./type-table.ts";
import type { CoreItem, FunctionType } from "./types.ts";

const i32 = 0x7f;
/** Component model, CanonicalABI.md, MAX_FLAT_PARAMS and MAX_FLAT_RESULTS. */
const flatParametersMax = 16;
const flatResultsMax = 1;

const reallocType: CoreFunctionAst = { kind: "func", params: [i32, i32, i32, i32], results: [i32] };

/** What a function needs of its canonical options, and the type of its core function. */
export interface CanonicalNeeds {
  readonly core: CoreFunctionAst;
  readonly memory: boolean;
  readonly realloc: boolean;
}

/** Component model, CanonicalABI.md, Flattening, and the rules of `canon lift` and `canon lower`. */
export function canonicalNeeds(link: Linking, type: FunctionType, direction: "lift" | "lower"): CanonicalNeeds {
  const parameters = type.parameters.map((parameter) => link.types.facts(parameter.type));
  const result: TypeFacts | undefined = type.result === undefined ? undefined : link.types.facts(type.result);
  let params = joinFlat(parameters.map((facts) => facts.flat));
  let results = result === undefined ? [] : [...result.flat];
  const spilled = params.length > flatParametersMax;
  const returned = results.length > flatResultsMax;
  if (spilled) params = [i32];
  if (returned && direction === "lower") {
    params.push(i32);
    results = [];
  } else if (returned) results = [i32];

  const pointers = parameters.some((facts) => facts.hasPointer);
  const resultPointers = result?.hasPointer === true;
  // A lift writes the parameters into the guest's memory, a lower the result.
  const realloc = direction === "lift" ? pointers || spilled : resultPointers;
  return {
    core: { kind: "func", params, results },
    memory: pointers || resultPointers || spilled || returned,
    realloc,
  };
}

/** Checks the options of a lift or lower and gives what they stand for. */
export function linkOptions(
  link: Linking,
  scope: Scope,
  options: OptionsAst,
  needs: CanonicalNeeds,
  direction: "lift" | "lower",
  at: number,
): CanonicalOptions {
  if (options.memory === undefined && needs.memory) link.fail("canonical", at, "the function needs a memory");
  if (options.realloc === undefined && needs.realloc) link.fail("canonical", at, "the function needs a realloc");
  if (options.realloc !== undefined && options.memory === undefined) {
    link.fail("canonical", at, "a realloc goes with a memory");
  }
  if (options.postReturn !== undefined && direction === "lower") {
    link.fail("canonical", at, "a lowered function has no post-return");
  }
  const postReturnType: CoreFunctionAst = { kind: "func", params: needs.core.results, results: [] };
  return {
    encoding: options.encoding,
    memory: options.memory === undefined ? undefined : memoryAt(link, scope, options.memory, at),
    realloc: optionalFunction(link, scope, options.realloc, reallocType, "realloc", at),
    postReturn: optionalFunction(link, scope, options.postReturn, postReturnType, "post-return", at),
  };
}

function memoryAt(link: Linking, scope: Scope, index: number, at: number): CoreItem {
  const { type, item } = link.at(scope.core.memory, index, "core memory", at);
  if (type.sort !== "memory" || type.is64 || type.shared) {
    link.fail("canonical", at, `core memory ${index} is not one of 32 bits that only the component uses`);
  }
  return item;
}

function optionalFunction(
  link: Linking,
  scope: Scope,
  index: number | undefined,
  type: CoreFunctionAst,
  what: string,
  at: number,
): CoreItem | undefined {
  return index === undefined ? undefined : coreFunctionAt(link, scope, index, type, what, at).item;
}

/**
 * A core function of exactly this type.
 *
 * @param what it is, for an error
 */
export function coreFunctionAt(
  link: Linking,
  scope: Scope,
  index: number,
  wanted: CoreFunctionAst,
  what: string | FunctionType,
  at: number,
): CoreEntity {
  const entity = link.at(scope.core.func, index, "core function", at);
  const type = entity.type.sort === "func" ? entity.type.type : undefined;
  if (type === undefined || !sameFunction(type, wanted)) {
    const found = type === undefined ? "a type with references" : formatCoreFunction(type);
    const role = typeof what === "string" ? what : `the core function of ${formatFunctionType(what)}`;
    link.fail("canonical", at, `${role} must be ${formatCoreFunction(wanted)}, core function ${index} is ${found}`);
  }
  return entity;
}
