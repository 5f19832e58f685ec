import { importOf } from "../jco.ts";
import { handlerWit } from "../wit.ts";

interface ComponentizeJs {
  componentize(source: string, options: object): Promise<{ component: Uint8Array }>;
}

/** StarlingMonkey is built for this one. */
const version = "0.2.10";

/** A script with StarlingMonkey around it, started and with the script evaluated, as a component of some 14 MB. */
export async function componentize(script: string, jco: string): Promise<Uint8Array> {
  const tools = (await importOf(jco, "@bytecodealliance/componentize-js", "src/componentize.js")) as ComponentizeJs;
  // Not by a path: in 0.22 it finds none that is absolute.
  const options = { witWorld: handlerWit(version), worldName: "fetch", sourceName: "app.js" };
  const { component } = await tools.componentize(script, options);
  return component;
}
