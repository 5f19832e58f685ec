import { WarrenError } from "../base/errors.ts";
import { hex } from "../wasm/offset.ts";

/**
 * What a component may hold at the most, over the whole file unless it says otherwise. Some of it multiplies: types by sharing, instances
 * by nesting; these caps count what comes of it, and are checked before anything walks it.
 */
export interface ComponentCaps {
  /** Bytes of the whole file; the error is `component.too-large`. */
  readonly componentBytes: number;
  /** How deep components, component types and instance types may nest. */
  readonly nesting: number;
  /** Definitions and declarations of all components and types, and the arguments and exports of their instances. */
  readonly definitions: number;
  readonly modules: number;
  /** Types, imports and exports of all core modules together. */
  readonly moduleItems: number;
  readonly components: number;
  /** Bytes of one name. */
  readonly nameBytes: number;
  /** Bytes of all names together. */
  readonly namesBytes: number;
  /** Parameters, fields, cases and items of all types together. */
  readonly typeParts: number;
  /** Nodes of one type, written out in full. */
  readonly typeNodes: number;
  /** Levels of one type. */
  readonly typeDepth: number;
  /** Nodes of the types of all functions that are lifted or lowered: code is made in proportion to them. */
  readonly functionNodes: number;
  /** Functions that the linker makes: lowered ones and those for resources. */
  readonly canonicalFunctions: number;
  /** Of core modules, after expansion. */
  readonly coreInstances: number;
  /** After expansion. */
  readonly componentInstances: number;
  /** Definitions that the linker goes through, each as often as its component or type is used. */
  readonly linkSteps: number;
}

const capTexts: Record<keyof ComponentCaps, string> = {
  componentBytes: "bytes",
  nesting: "levels of nested components and types",
  definitions: "definitions",
  modules: "core modules",
  moduleItems: "types, imports and exports in its core modules",
  components: "nested components",
  nameBytes: "bytes in one name",
  namesBytes: "bytes in its names",
  typeParts: "parameters, fields and cases",
  typeNodes: "nodes in one type",
  typeDepth: "levels in one type",
  functionNodes: "nodes in the types of its functions",
  canonicalFunctions: "canonical functions",
  coreInstances: "core instances",
  componentInstances: "component instances",
  linkSteps: "definitions to link",
};

/**
 * Ordinary components stay far below. StarlingMonkey with an HTTP handler (14 MB) has 4 core modules with 457 items, 1,132 definitions, 118
 * canonical functions with 1,308 nodes in their types, at most 94 in one (`wasi:http/types.error-code`), 8 levels, and takes 2,408 steps.
 */
export const componentCapsDefault: ComponentCaps = {
  componentBytes: 128 * 1024 * 1024,
  nesting: 32,
  definitions: 100_000,
  modules: 256,
  // Python as shared libraries has 20,000 symbols.
  moduleItems: 200_000,
  components: 1_000,
  nameBytes: 4_096,
  namesBytes: 4 * 1024 * 1024,
  typeParts: 50_000,
  typeNodes: 5_000,
  typeDepth: 64,
  functionNodes: 50_000,
  canonicalFunctions: 10_000,
  coreInstances: 512,
  componentInstances: 512,
  // A microsecond each.
  linkSteps: 300_000,
};

/** For components that were checked before their core modules were rewritten, which made these larger. */
export const componentCapsPrepared: ComponentCaps = {
  ...componentCapsDefault,
  componentBytes: Number.POSITIVE_INFINITY,
  moduleItems: Number.POSITIVE_INFINITY,
  linkSteps: Number.POSITIVE_INFINITY,
};

/**
 * Throws `component.cap-…` when a component has more of something than the cap.
 *
 * @param at byte offset in the file where the count stands
 */
export function checkComponentCap(caps: ComponentCaps, cap: keyof ComponentCaps, count: number, at: number): void {
  if (count <= caps[cap]) return;
  const code = cap.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new WarrenError(
    `component.cap-${code}`,
    `the component has ${count} ${capTexts[cap]} (at ${hex(at)}), the limit is ${caps[cap]}`,
    {
      at,
      status: 413,
      hint: "Components of ordinary toolchains stay far below this limit: look at how this one was made.",
    },
  );
}
