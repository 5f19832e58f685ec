import { WarrenError } from "../base/errors.ts";
import { hex } from "../wasm/offset.ts";
import type { ComponentAst, Definition, ModuleRange } from "./ast.ts";
import { type ComponentCaps, componentCapsDefault } from "./caps.ts";
import { ComponentReader } from "./component-reader.ts";
import { readCoreType } from "./decode-core-types.ts";
import {
  readAlias,
  readCanonical,
  readCoreInstance,
  readExport,
  readImport,
  readInstance,
} from "./decode-definitions.ts";
import { readType } from "./decode-types.ts";
import { isComponent, preambleBytes } from "./preamble.ts";

/** A component as it stands in its file, decoded but not validated: {@link linkComponent} does that. It refers to `bytes`. */
export interface DecodedComponent {
  readonly bytes: Uint8Array;
  readonly root: ComponentAst;
  /** All core modules, those of nested components included, in the order of the file. */
  readonly modules: readonly ModuleRange[];
  readonly caps: ComponentCaps;
}

/**
 * Reads the sections of a component and of all that nest in it. Core modules are left as ranges of bytes.
 *
 * Throws `component.not-a-component`, `component.too-large`, `component.truncated`, `component.malformed`, `component.cap-…`,
 * `component.async` for WASI 0.3 and `component.unsupported` for experimental proposals, each with the byte offset as `at`.
 */
export function decodeComponent(bytes: Uint8Array, caps: ComponentCaps = componentCapsDefault): DecodedComponent {
  if (bytes.length > caps.componentBytes) {
    throw new WarrenError(
      "component.too-large",
      `the component has ${bytes.length} bytes, the limit is ${caps.componentBytes}`,
      {
        at: caps.componentBytes,
        status: 413,
        hint: "Strip its debug information and names, e.g. with wasm-tools strip.",
      },
    );
  }
  if (!isComponent(bytes)) {
    const found = Buffer.from(bytes.subarray(0, preambleBytes)).toString("hex");
    throw new WarrenError(
      "component.not-a-component",
      bytes.length === 0
        ? "the file is empty"
        : `the file starts with ${found}, a component of the version that is known here with 0061736d0d000100`,
      { at: 0, hint: "Build it with a current version of its toolchain." },
    );
  }
  const reader = new ComponentReader(bytes, caps);
  const modules: ModuleRange[] = [];
  reader.at = preambleBytes;
  return { bytes, root: readSections(reader, modules), modules, caps };
}

/** Reads the sections of a component up to the end of the reader. */
function readSections(reader: ComponentReader, modules: ModuleRange[]): ComponentAst {
  const definitions: Definition[] = [];
  const { end } = reader;
  while (reader.at < end) {
    const headerAt = reader.at;
    const id = reader.u8("a section");
    const length = reader.u32();
    const start = reader.at;
    reader.skip(length, "a section");
    reader.at = start;
    reader.end = start + length;
    readSection(reader, id, headerAt, definitions, modules);
    if (reader.at !== reader.end) {
      reader.malformed(reader.at, `expected the section to end here, but its length says ${hex(reader.end)}`);
    }
    reader.end = end;
    reader.part = undefined;
  }
  return { definitions };
}

interface VectorSection {
  readonly name: string;
  readonly read: (reader: ComponentReader) => Definition;
}

/** The sections that hold a vector of definitions, by their identifiers. */
const vectorSections: ReadonlyMap<number, VectorSection> = new Map<number, VectorSection>([
  [2, { name: "core instance", read: readCoreInstance }],
  [3, { name: "core type", read: (reader) => ({ at: reader.at, kind: "core-type", type: readCoreType(reader) }) }],
  [5, { name: "instance", read: readInstance }],
  [6, { name: "alias", read: readAlias }],
  [7, { name: "type", read: (reader) => ({ at: reader.at, kind: "type", type: readType(reader) }) }],
  [8, { name: "canonical function", read: readCanonical }],
  [10, { name: "import", read: readImport }],
  [11, { name: "export", read: readExport }],
]);

function readSection(
  reader: ComponentReader,
  id: number,
  at: number,
  definitions: Definition[],
  modules: ModuleRange[],
): void {
  const section = vectorSections.get(id);
  if (section !== undefined) {
    reader.part = `the ${section.name} section`;
    reader.vector("definitions", () => definitions.push(section.read(reader)));
    return;
  }
  switch (id) {
    case 0:
      reader.part = "a custom section";
      reader.name("a custom section's name");
      reader.at = reader.end;
      return;
    case 1:
      reader.add("modules", 1, at);
      definitions.push({ kind: "core-module", at: reader.at, module: modules.length });
      modules.push({ start: reader.at, end: reader.end });
      reader.at = reader.end;
      return;
    case 4:
      reader.add("components", 1, at);
      definitions.push({ kind: "component", at: reader.at, component: readNested(reader, at, modules) });
      return;
    case 9:
      reader.unsupported(at, "a start function of the component");
      break;
    case 12:
      reader.unsupported(at, "a section of values");
      break;
    default:
      reader.malformed(at, `${hex(id)} is not the number of a section`);
  }
}

function readNested(reader: ComponentReader, at: number, modules: ModuleRange[]): ComponentAst {
  const start = reader.at;
  reader.skip(preambleBytes, "a component's header");
  if (!isComponent(reader.bytes.subarray(start, reader.at)))
    reader.malformed(start, "expected the header of a component");
  return reader.nested(at, () => readSections(reader, modules));
}
