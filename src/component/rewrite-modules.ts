import { assert } from "../base/assert.ts";
import { encodeUnsigned } from "../base/leb128.ts";
import { ComponentReader } from "./component-reader.ts";
import type { DecodedComponent } from "./decode.ts";
import type { ComponentPlan } from "./plan.ts";
import { preambleBytes } from "./preamble.ts";

const moduleSection = 1;
const componentSection = 4;

/**
 * The same component with the core modules of a plan replaced. Others, which nothing instantiates or which the linker does without, are left as
 * they are, so that the linker finds the same plan in what comes of it.
 *
 * @param rewrite gets a module's bytes and its index in the plan
 */
export function rewriteModules(
  component: DecodedComponent,
  plan: ComponentPlan,
  rewrite: (module: Uint8Array, index: number) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const indices = new Map(plan.modules.map(({ start }, index) => [start, index]));
  const pieces: Uint8Array[] = [];
  const reader = new ComponentReader(component.bytes, component.caps);
  const length = copySections(reader, 0, pieces, (bytes, start) => {
    const index = indices.get(start);
    return index === undefined ? bytes : rewrite(bytes, index);
  });
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Copies a component up to the end of the reader. Gives how many bytes that makes. */
function copySections(
  reader: ComponentReader,
  from: number,
  pieces: Uint8Array[],
  rewrite: (bytes: Uint8Array, start: number) => Uint8Array,
): number {
  const { bytes, end } = reader;
  let length = 0;
  const add = (piece: Uint8Array) => {
    pieces.push(piece);
    length += piece.length;
  };
  // What stands between the modules goes over in one piece.
  let copied = from;
  reader.at = from + preambleBytes;
  while (reader.at < end) {
    const headerAt = reader.at;
    const id = reader.u8("a section");
    const sectionEnd = reader.u32() + reader.at;
    assert(sectionEnd <= end);
    if (id === moduleSection || id === componentSection) {
      add(bytes.subarray(copied, headerAt));
      const content: Uint8Array[] = [];
      let contentLength: number;
      if (id === moduleSection) {
        const module = rewrite(bytes.subarray(reader.at, sectionEnd), reader.at);
        content.push(module);
        contentLength = module.length;
      } else {
        reader.end = sectionEnd;
        contentLength = copySections(reader, reader.at, content, rewrite);
        reader.end = end;
      }
      add(Uint8Array.from([id, ...encodeUnsigned(contentLength)]));
      pieces.push(...content);
      length += contentLength;
      copied = sectionEnd;
    }
    reader.at = sectionEnd;
  }
  add(bytes.subarray(copied, end));
  return length;
}
