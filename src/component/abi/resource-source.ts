import type { CanonicalFunction } from "../plan.ts";
import type { ResourceType } from "../types.ts";
import type { Where } from "./call-shape.ts";
import type { Generation } from "./generation.ts";
import { call, hostCall } from "./guest-call-source.ts";
import { ownCode } from "./handle-table.ts";

type ResourceFunction = Exclude<CanonicalFunction, { kind: "lower" }>;

/** Source of `canon resource.new`, `resource.rep` and `resource.drop`. */
export function resourceSource(
  generation: Generation,
  { kind, resource, component }: ResourceFunction,
  where: Where,
  suspends: boolean,
): string {
  const code = ownCode(generation.types.resource(resource));
  const place = where("call");
  const leave = `if(!c${component}.mayLeave)S.cannotLeave(${place});`;
  switch (kind) {
    case "resource.new":
      return `(a0){${leave}return t${component}.add(a0,${code},${place});}`;
    case "resource.rep":
      return `(a0){return t${component}.get(a0,${code},${place});}`;
    case "resource.drop": {
      const dropped = dropSource(generation, resource, component, place, suspends);
      return `(a0){${leave}try{const v=t${component}.drop(a0,${code},${place});if(v===R.notOwned)return;${dropped}}catch(e){throw S.end(e);}}`;
    }
  }
}

/** Statements that drop the resource whose value is `v`. */
function dropSource(
  generation: Generation,
  resource: ResourceType,
  component: number,
  place: string,
  suspends: boolean,
): string {
  if (resource.origin === "host") return `E.enter();S.dropHost(${generation.types.resource(resource)},v);`;
  const destroy =
    resource.destructor === undefined
      ? ""
      : `S.beginDestructor(${place});{${call(generation, resource.destructor, ["v"], suspends)}}S.destructors--;`;
  if (resource.instance === component) return destroy;
  const other = `c${resource.instance}`;
  return `S.enterFrom(${other},${place});${destroy}${other}.entered=false;`;
}

/** Source of the function that drops one for the host; undefined for a resource of its own. */
export function hostDropSource(generation: Generation, resource: ResourceType): string | undefined {
  if (resource.origin === "host") return undefined;
  const c = `c${resource.instance}`;
  const { destructor } = resource;
  const destroy = destructor === undefined ? "" : `{${hostCall(generation, destructor, ["v"])}}`;
  return `async(v)=>{S.enter(${c});try{${destroy}${c}.entered=false;}catch(e){S.end(e);throw S.ended.cause;}}`;
}
