import type { CanonicalFunction, LiftedFunction } from "../plan.ts";
import type { CoreItem } from "../types.ts";
import {
  type CallShape,
  callShape,
  checkResultArea,
  coreArguments,
  liftArguments,
  liftResult,
  lowerArguments,
  lowerResult,
  type Where,
} from "./call-shape.ts";
import type { Generation, Side } from "./generation.ts";
import { prologue } from "./host-call-source.ts";

type Lower = Extract<CanonicalFunction, { kind: "lower" }>;

/**
 * Source of the function that a component calls for one of another's: lifted out of one memory, lowered into the other.
 * Asynchronous when the callee may be suspended.
 */
export function guestCallSource(
  generation: Generation,
  { component, options }: Lower,
  callee: LiftedFunction,
  where: Where,
  suspends: boolean,
): string {
  const shape = callShape(generation.types, callee.type);
  const from: Side = { ...sideOf(generation, options, component), other: "guest", copies: false };
  const to: Side = { ...sideOf(generation, callee.options, callee.component), other: "guest", copies: false };
  const own = shape.argumentsOwn;
  const resultOwn = shape.result?.hasOwn === true;
  const lends = own && shape.parameters.some((node) => node.hasBorrow);
  const { statements, values } = lowerArguments(generation, to, shape, (index) => `x${index}`, where);
  const c = `c${callee.component}`;
  const t = `t${callee.component}`;
  const fresh = (side: Side): string => (side.memory === undefined ? "" : `${side.memory}.fresh();`);
  const lowered = lowerResult(generation, from, shape, where);
  return `(${coreArguments(shape)}){if(!c${component}.mayLeave)S.cannotLeave(${where("call")});try{${[
    prologue(from, shape),
    checkResultArea(from, shape, where),
    liftArguments(generation, from, shape, { lends, sends: own }, where),
    lends ? `t${component}.lendsOver();` : "",
    `S.enterFrom(${c},${where("call")});`,
    fresh(to),
    statements,
    own ? `t${component}.arrived();` : "",
    call(generation, callee.core, values, suspends),
    fresh(to),
    "S.fill();",
    `const v=${liftResult(generation, to, shape, { lends: false, sends: resultOwn }, where)};`,
    `if(${t}.borrows!==0)S.trap(${where("call")},R.borrowsLeft);`,
    fresh(from),
    lowered.statements,
    lowered.value === undefined ? "" : `const o=${lowered.value};`,
    resultOwn ? `${t}.arrived();` : "",
    postReturn(generation, callee, shape),
    `${c}.entered=false;`,
    lowered.value === undefined ? "" : "return o;",
  ].join("")}}catch(e){throw S.end(e);}}`;
}

/** Calls a core function so that it may be suspended, or plainly with a note that it must not be. What it gives is `q` and `q0`. */
export function call(generation: Generation, core: CoreItem, values: readonly string[], suspends: boolean): string {
  if (suspends) return `let q=await ${generation.promised(core)}(${values.join(",")});const q0=q;`;
  return `S.nested.depth++;let q=${generation.callee(core)}(${values.join(",")});const q0=q;S.nested.depth--;`;
}

/** As {@link call}, for the host: as the instance is set. A canonical function is called directly, and may give a promise anyway. */
export function hostCall(generation: Generation, core: CoreItem, values: readonly string[]): string {
  const args = values.join(",");
  const plain = `${generation.callee(core)}(${args})`;
  if (core.kind === "canonical") return `let q=await ${plain};const q0=q;`;
  return `let q=S.suspends?await ${generation.promised(core)}(${args}):${plain};const q0=q;`;
}

/** Statements that call post-return with what was returned. */
export function postReturn(generation: Generation, callee: LiftedFunction, { result }: CallShape): string {
  const post = generation.helper(callee.options.postReturn);
  if (post === undefined) return "";
  const c = `c${callee.component}`;
  const value = result === undefined ? "" : "q0";
  return `${c}.mayLeave=false;S.nested.depth++;${post}(${value});S.nested.depth--;${c}.mayLeave=S.ended===undefined;`;
}

export function sideOf(
  generation: Generation,
  options: LiftedFunction["options"],
  component: number,
): Pick<Side, "memory" | "realloc" | "encoding" | "component"> {
  return {
    memory: generation.memory(options.memory, component),
    realloc: generation.helper(options.realloc),
    encoding: options.encoding,
    component,
  };
}
