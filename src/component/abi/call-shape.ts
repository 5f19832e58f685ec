import type { FunctionType, ValueType } from "../types.ts";
import type { FlatType } from "./flat.ts";
import { flatMax } from "./flat.ts";
import type { Generation, Side } from "./generation.ts";
import { type HandleRules, LiftSource } from "./lift-source.ts";
import { LowerSource } from "./lower-source.ts";
import type { TypeNode, TypeTable } from "./type-table.ts";
import type { Part } from "./where.ts";

/** How a function's values are passed (CanonicalABI.md, flatten_functype). */
export interface CallShape {
  readonly parameters: readonly TypeNode[];
  /** All parameters as one value in memory. */
  readonly tuple: TypeNode;
  /** The core parameters; undefined when they are one pointer to `tuple`. */
  readonly flat: readonly FlatType[] | undefined;
  readonly result: TypeNode | undefined;
  /** Whether the result is in memory. */
  readonly stored: boolean;
  readonly argumentsOwn: boolean;
  readonly argumentsPoint: boolean;
}

export function callShape(types: TypeTable, { parameters, result }: FunctionType): CallShape {
  const nodes = parameters.map(({ type }) => types.node(type));
  const flat = nodes.every((node) => node.flat !== undefined) ? nodes.flatMap((node) => node.flat!) : undefined;
  const resultNode = result === undefined ? undefined : types.node(result);
  return {
    parameters: nodes,
    tuple: types.tuple(parameters.map(({ type }): ValueType => type)),
    flat: flat !== undefined && flat.length <= flatMax ? flat : undefined,
    result: resultNode,
    stored: resultNode !== undefined && resultNode.flat?.length !== 1,
    argumentsOwn: nodes.some((node) => node.hasOwn),
    argumentsPoint: nodes.some((node) => node.hasPointers),
  };
}

/** Places of the function that code is generated for. */
export type Where = (part: Part) => string;

/** Statements that lift the arguments of a guest's call, `a0` and so on, into `x0` and so on. */
export function liftArguments(
  generation: Generation,
  side: Side,
  shape: CallShape,
  rules: HandleRules,
  where: Where,
): string {
  const source = new LiftSource(generation, side, rules);
  const { parameters, tuple, flat } = shape;
  if (flat === undefined) {
    const area = `const a=${side.memory}.area(a0,${tuple.size},${tuple.align},${where("call")});`;
    const loads = parameters.map(
      (node, index) => `const x${index}=${source.load(node, "a", tuple.parts[index]!.offset, where(index))};`,
    );
    return area + loads.join("");
  }
  let next = 0;
  return parameters
    .map((node, index) => {
      const values = node.flat!.map((_, at) => `a${next + at}`);
      next += values.length;
      return `const x${index}=${source.flat(node, values, where(index))};`;
    })
    .join("");
}

/** Statements that lower `x(index)` to be a guest's arguments, and the expressions to call it with. */
export function lowerArguments(
  generation: Generation,
  side: Side,
  shape: CallShape,
  value: (index: number) => string,
  where: Where,
): { readonly statements: string; readonly values: readonly string[] } {
  const source = new LowerSource(generation, side);
  const { parameters, tuple, flat } = shape;
  if (flat === undefined) {
    const area = `const b=${side.memory}.alloc(${side.realloc},${tuple.align},${tuple.size},${where("call")});`;
    const stores = parameters.map((node, index) =>
      source.store(node, value(index), "b", tuple.parts[index]!.offset, where(index)),
    );
    return { statements: area + stores.join(""), values: ["b"] };
  }
  const statements: string[] = [];
  const values: string[] = [];
  for (const [index, node] of parameters.entries())
    values.push(
      ...source.flat(node, value(index), values.length, where(index), "s", (statement) => statements.push(statement)),
    );
  return { statements: statements.join(""), values };
}

/** An expression that lifts what a guest returned as `q`. */
export function liftResult(
  generation: Generation,
  side: Side,
  shape: CallShape,
  rules: HandleRules,
  where: Where,
): string {
  const { result, stored } = shape;
  if (result === undefined) return "undefined";
  const source = new LiftSource(generation, side, rules);
  if (!stored) return source.flat(result, ["q"], where("result"));
  const area = `q=${side.memory}.area(q,${result.size},${result.align},${where("result")})`;
  return `(${area},${source.load(result, "q", 0, where("result"))})`;
}

/** Statements that lower `v` to be the result of a guest's call: into memory at `rp`, or as `value`, to be returned. */
export function lowerResult(
  generation: Generation,
  side: Side,
  { result, stored }: CallShape,
  where: Where,
): { readonly statements: string; readonly value: string | undefined } {
  if (result === undefined) return { statements: "", value: undefined };
  const source = new LowerSource(generation, side);
  if (stored) return { statements: source.store(result, "v", "rp", 0, where("result")), value: undefined };
  const statements: string[] = [];
  const [value] = source.flat(result, "v", 0, where("result"), "z", (statement) => statements.push(statement));
  return { statements: statements.join(""), value };
}

/** Names of a guest's core arguments: of its parameters, then of the place for the result. */
export function coreArguments(shape: CallShape): string {
  const count = shape.flat === undefined ? 1 : shape.flat.length;
  const names = Array.from({ length: count }, (_, index) => `a${index}`);
  if (shape.stored) names.push("rp");
  return names.join(",");
}

/** A statement that checks where the result goes, before anything is done for it. */
export function checkResultArea(side: Side, { result, stored }: CallShape, where: Where): string {
  if (result === undefined || !stored) return "";
  return `rp=${side.memory}.resultArea(rp,${result.size},${result.align},${where("result")});`;
}
