import { parse } from "@bytecodealliance/jco";
import { type DecodedComponent, decodeComponent } from "../decode.ts";
import { decodeModules, type LinkOptions, linkComponent } from "../link.ts";
import type { ComponentPlan } from "../plan.ts";

/** The bytes of a component that is written as text. It is not validated. */
export async function assemble(text: string): Promise<Uint8Array> {
  return parse(text);
}

export function link(component: DecodedComponent, options?: LinkOptions): ComponentPlan {
  return linkComponent(component, decodeModules(component), options);
}

export async function linkText(text: string, options?: LinkOptions): Promise<ComponentPlan> {
  return link(decodeComponent(await assemble(text)), options);
}
