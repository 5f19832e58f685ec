import { decodeModule } from "../../wasm/decode.ts";
import { preview1 } from "../../wasm/kind.ts";

/** What a compiler made, as far as it matters for making a component of it. */
export type Compiled =
  | { readonly kind: "component" }
  /** Nothing of components in it: a program of preview 1. */
  | { readonly kind: "program" }
  | {
      /** The core of a component. */
      readonly kind: "core";
      /** A bindings generator has written down what it imports and exports, in sections of its own. */
      readonly typed: boolean;
      /** Of the WASI that it names, 0.2.x; undefined where it names none. */
      readonly version: string | undefined;
      /** The functions of preview 1 that it calls too need an adapter: for a command, which has `_start`, or for a library. */
      readonly adapter: "command" | "reactor" | undefined;
    };

/** Looks at a module. Throws what decoding it throws. */
export function inspect(bytes: Uint8Array): Compiled {
  // Component model, Binary.md: layer 1.
  if (bytes[6] === 1) return { kind: "component" };
  const { imports, exports, customSections } = decodeModule(bytes);
  const names = [...imports.map(({ module }) => module), ...exports.map(({ name }) => name)];
  const version = names.map((name) => /^wasi:[a-z-]+\/[a-z-]+@(0\.2\.[0-9]+)/.exec(name)?.[1]).find((found) => found);
  // wit-bindgen writes a module's world there.
  const typed = customSections.some(({ name }) => name.startsWith("component-type"));
  if (!typed && version === undefined) return { kind: "program" };
  const command = exports.some(({ name }) => name === "_start");
  const adapter = imports.some(({ module }) => module === preview1) ? (command ? "command" : "reactor") : undefined;
  return { kind: "core", typed, version, adapter };
}
