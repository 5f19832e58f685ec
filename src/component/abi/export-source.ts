import type { LiftedFunction } from "../plan.ts";
import { callShape, liftResult, lowerArguments, type Where } from "./call-shape.ts";
import type { Generation, Side } from "./generation.ts";
import { hostCall, postReturn, sideOf } from "./guest-call-source.ts";

/** Source of the function by which the host calls an export (CanonicalABI.md, canon lift). Its arguments are in `x`. */
export function exportSource(
  generation: Generation,
  lifted: LiftedFunction,
  exportIndex: number,
  where: Where,
): string {
  const shape = callShape(generation.types, lifted.type);
  const side: Side = { ...sideOf(generation, lifted.options, lifted.component), other: "host", copies: true };
  const c = `c${lifted.component}`;
  const t = `t${lifted.component}`;
  const { statements, values } = lowerArguments(generation, side, shape, (index) => `x[${index}]`, where);
  const fresh = side.memory === undefined ? "" : `${side.memory}.fresh();`;
  const own = shape.argumentsOwn;
  const resultOwn = shape.result?.hasOwn === true;
  return `(x){S.enter(${c});${own ? "let o=true;" : ""}try{${[
    fresh,
    statements,
    own ? "o=false;" : "",
    hostCall(generation, lifted.core, values),
    fresh,
    "S.fill();",
    `const v=${liftResult(generation, side, shape, { lends: false, sends: resultOwn }, where)};`,
    `if(${t}.borrows!==0)S.trap(${where("call")},R.borrowsLeft);`,
    postReturn(generation, lifted, shape),
    "if(S.ended!==undefined)throw S.ended.thrown;",
    resultOwn ? `${t}.arrived();` : "",
    `${c}.entered=false;return v;`,
  ].join("")}}catch(e){S.end(e);${own ? `if(o)S.abandonArguments(${exportIndex},x);` : ""}throw S.ended.cause;}}`;
}
