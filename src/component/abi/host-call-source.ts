import type { CanonicalFunction, HostFunctionImport } from "../plan.ts";
import {
  type CallShape,
  callShape,
  checkResultArea,
  coreArguments,
  liftArguments,
  lowerResult,
  type Where,
} from "./call-shape.ts";
import type { Generation, Side } from "./generation.ts";
import type { HandleRules } from "./lift-source.ts";

type HostLower = Extract<CanonicalFunction, { kind: "lower" }>;

/** Source of the function that a guest calls for one of the host's (CanonicalABI.md, canon lower). */
export function hostCallSource(
  generation: Generation,
  { component, options }: HostLower,
  imported: HostFunctionImport,
  importIndex: number,
  where: Where,
  blocks: boolean,
): string {
  const shape = callShape(generation.types, imported.type);
  const side: Side = {
    memory: generation.memory(options.memory, component),
    realloc: generation.helper(options.realloc),
    encoding: options.encoding,
    component,
    other: "host",
    copies: false,
  };
  const rules = argumentRules(shape);
  const call = generation.constant(
    "h",
    String(importIndex),
    `E.hostFunction(${JSON.stringify(imported.interface)},${JSON.stringify(imported.name)})`,
  );
  const values = shape.parameters.map((_, index) => `x${index}`).join(",");
  const place = shape.stored ? "v,rp" : "v";
  const abandon = shape.result?.hasOwn === true ? `S.abandon(${importIndex},v);` : "";
  const write = generation.once("w", where("result"), (name) => {
    const { statements, value } = lowerResult(generation, side, shape, where);
    const fresh = shape.result !== undefined && side.memory !== undefined ? `${side.memory}.fresh();` : "";
    const lower = `${fresh}${statements}${value === undefined ? "" : `return ${value};`}`;
    return `function ${name}(${place}){try{${lower}}catch(e){${abandon}throw S.end(e);}}`;
  });
  const wait = (): string => {
    // Meanwhile the guest may have been ended from outside: then it must not be asked to allocate.
    const resume = generation.once(
      "u",
      where("result"),
      (name) =>
        `function ${name}(${place}){try{E.enter();}catch(e){${abandon}throw S.end(e);}return ${write}(${place});}`,
    );
    return `if(v instanceof Promise)return v.then((v)=>${resume}(${place}),F);`;
  };
  return `(${coreArguments(shape)}){if(!c${component}.mayLeave)S.cannotLeave(${where("call")});try{E.enter();${[
    prologue(side, shape),
    checkResultArea(side, shape, where),
    liftArguments(generation, side, shape, rules, where),
    rules.sends ? `t${component}.arrived();` : "",
    rules.lends ? `t${component}.lendsOver();` : "",
    `const v=${call}(${values});`,
    blocks ? wait() : "",
    shape.result === undefined ? "" : `return ${write}(${place});`,
  ].join("")}}catch(e){throw S.end(e);}}`;
}

/** What is to be done before values are lifted. */
export function prologue(side: Side, shape: CallShape): string {
  const memory = side.memory !== undefined && (shape.flat === undefined || shape.argumentsPoint || shape.stored);
  return `${memory ? `${side.memory}.fresh();` : ""}${shape.argumentsPoint ? "S.fill();" : ""}`;
}

function argumentRules({ parameters, argumentsOwn }: CallShape): HandleRules {
  const checked = parameters.filter((node) => node.canTrap);
  return {
    lends: argumentsOwn && parameters.some((node) => node.hasBorrow),
    sends: argumentsOwn && !(checked.length === 1 && checked[0]!.type.kind === "own"),
  };
}
