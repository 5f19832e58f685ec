import { randomUUID } from "node:crypto";
import { encodeUnsigned } from "../../base/leb128.ts";
import { capsDefault } from "../../wasm/caps.ts";
import type { ModuleInfo } from "../../wasm/module-info.ts";
import { ModuleReader } from "../../wasm/reader.ts";

/** The body of a function: where it stands in the file, the length before it left out. */
export interface FunctionBody {
  /** Among those defined here. */
  readonly position: number;
  readonly start: number;
  readonly end: number;
}

const customSection = 0;
const codeSection = 10;
const dataSection = 11;

/**
 * A compiler keeps the places of all variables and operands for each branch, so its effort grows with their product:
 * 700 KB with 50,000 local variables take V8's quick compiler more than 20 s. Below this it takes some tens of milliseconds.
 */
const effortMax = 2 ** 28;
/** Bytes of code for each operand that can be on the stack at once, about. */
const bytesAnOperand = 8;
/** Stands for any body: no local variables, unreachable, end. */
const stub = Uint8Array.of(3, 0, 0x00, 0x0b);

/** The functions that V8 may take long to compile. Of ordinary programs these are a few: interpreters' main loops. */
export function heavyFunctions(info: ModuleInfo): FunctionBody[] {
  const heavy: FunctionBody[] = [];
  const section = info.sections.find(({ id }) => id === codeSection);
  if (section === undefined) return heavy;
  const reader = new ModuleReader(info.bytes, capsDefault);
  reader.typeCount = info.types.length;
  reader.at = section.start;
  const count = reader.u32();
  for (let position = 0; position < count; position++) {
    const size = reader.u32();
    const start = reader.at;
    const end = start + size;
    let variables = 0;
    for (let groups = reader.u32(); groups > 0; groups--) {
      variables += reader.u32();
      reader.valueType();
    }
    if (size * (variables + size / bytesAnOperand) > effortMax) heavy.push({ position, start, end });
    reader.at = end;
  }
  return heavy;
}

/**
 * The module with stubs in place of all other functions, and without its data: it compiles to the same code for the ones
 * that are left, and takes the time that they take.
 */
export function onlyFunctions(info: ModuleInfo, bodies: readonly FunctionBody[]): Uint8Array {
  const { bytes } = info;
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  for (const section of info.sections) {
    if (section.id === codeSection) parts.push(...encodeSection(codeSection, codeOf(info, bodies)));
    else if (section.id === dataSection) parts.push(...encodeSection(dataSection, emptyData(info.dataCount)));
    else parts.push(bytes.subarray(section.headerStart, section.end));
  }
  // V8 gives the code that it has for a module of the same bytes, however it was compiled.
  parts.push(...encodeSection(customSection, Uint8Array.of(36, ...Buffer.from(randomUUID()))));
  return Buffer.concat(parts);
}

function codeOf({ bytes, functionTypes, importedFunctionCount }: ModuleInfo, bodies: readonly FunctionBody[]): Buffer {
  const kept = new Map(bodies.map((body) => [body.position, body]));
  const defined = functionTypes.length - importedFunctionCount;
  const parts: Uint8Array[] = [Uint8Array.from(encodeUnsigned(defined))];
  for (let position = 0; position < defined; position++) {
    const body = kept.get(position);
    if (body === undefined) parts.push(stub);
    else parts.push(Uint8Array.from(encodeUnsigned(body.end - body.start)), bytes.subarray(body.start, body.end));
  }
  return Buffer.concat(parts);
}

/** As many segments, for the code that names them: passive ones of no bytes (WebAssembly 3.0, 5.5.14). */
function emptyData(count: number): Buffer {
  const segments = Buffer.alloc(count * 2);
  for (let i = 0; i < count; i++) segments[i * 2] = 1;
  return Buffer.concat([Uint8Array.from(encodeUnsigned(count)), segments]);
}

function encodeSection(id: number, content: Uint8Array): Uint8Array[] {
  return [Uint8Array.of(id, ...encodeUnsigned(content.length)), content];
}
