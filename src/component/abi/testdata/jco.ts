import { wat } from "../../../wasm/rewrite/testdata/wat.ts";
import type { ValueType } from "../../types.ts";
import { echoFunctions, identity } from "./echo-guest.ts";
import { echoWit } from "./wit-text.ts";

// jco has no types that this project's settings take.
const jco = "@bytecodealliance/jco-transpile";

interface WasmTools {
  componentEmbed(options: {
    binary: Uint8Array;
    witSource: string;
    world: string;
    stringEncoding: string;
  }): Promise<Uint8Array>;
  componentNew(binary: Uint8Array, adapters: readonly never[]): Promise<Uint8Array>;
}
interface Transpiler {
  transpileBytes(
    component: Uint8Array,
    options: { readonly name: string; readonly instantiation: "sync" },
  ): Promise<{ readonly files: Readonly<Record<string, Uint8Array>> }>;
}

/** Component of a core module, whose imports and exports are those of the WIT's world `w`. */
export async function componentOf(
  module: string,
  wit: string,
  encoding: "utf8" | "utf16" = "utf8",
): Promise<Uint8Array> {
  const { componentEmbed, componentNew } = (await import(`${jco}/wasm-tools`)) as WasmTools;
  const binary = new Uint8Array(await wat(module));
  const embedded = await componentEmbed({ binary, witSource: wit, world: "w", stringEncoding: encoding });
  return new Uint8Array(await componentNew(embedded, []));
}

/** A component that passes values of these types on: `test:oracle/echo` `f0` and so on, imported and exported. */
export async function echoComponent(types: readonly ValueType[], encoding: "utf8" | "utf16"): Promise<Uint8Array> {
  const owner = "test:oracle/echo";
  const module = echoFunctions(
    types.map((type, index) => ({
      type: identity(type),
      import: [owner, `f${index}`],
      export: `${owner}#f${index}`,
    })),
  );
  return componentOf(module, echoWit(types), encoding);
}

/** An interface: functions, and classes of resources. */
// biome-ignore lint/suspicious/noExplicitAny: jco has a convention for each of them
export type Functions = Readonly<Record<string, any>>;

/** The exports of a component that jco transpiled. */
export async function jcoInstance(
  component: Uint8Array,
  imports: Readonly<Record<string, Functions>>,
): Promise<Readonly<Record<string, Functions>>> {
  const { transpileBytes } = (await import(jco)) as Transpiler;
  const { files } = await transpileBytes(component, { name: "transpiled", instantiation: "sync" });
  const source = Buffer.from(files["transpiled.js"]!).toString("base64");
  const module = (await import(`data:text/javascript;base64,${source}`)) as {
    instantiate(
      core: (path: string) => WebAssembly.Module,
      imports: Readonly<Record<string, Functions>>,
      instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
    ): Readonly<Record<string, Functions>>;
  };
  return module.instantiate(
    (path) => new WebAssembly.Module(new Uint8Array(files[path]!)),
    imports,
    (core, given) => new WebAssembly.Instance(core, given),
  );
}
