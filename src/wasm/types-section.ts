import { checkCap } from "./caps.ts";
import { i32, type TypeInfo, type ValueType } from "./module-info.ts";
import { hex } from "./offset.ts";
import type { ModuleReader } from "./reader.ts";

// The implementation limits of the WebAssembly JavaScript interface, which V8 enforces as well.
const paramsMax = 1_000;
const resultsMax = 1_000;
const fieldsMax = 10_000;

/** Reads the type section: recursion groups, subtypes, and function, struct and array types (WebAssembly 3.0, 5.3). */
export function readTypes(reader: ModuleReader): TypeInfo[] {
  const types: TypeInfo[] = [];
  const valueCount = { total: 0 };
  const entries = reader.count("types");
  for (let i = 0; i < entries; i++) {
    let groupSize = 1;
    if (reader.bytes[reader.at] === 0x4e && reader.at < reader.end) {
      reader.at++;
      groupSize = reader.count("types", types.length);
    } else {
      checkCap(reader.caps, "types", types.length + 1, reader.at);
    }
    // Types of a group may name each other.
    reader.typeCount = types.length + groupSize;
    for (let j = 0; j < groupSize; j++) types.push(readSubtype(reader, types.length, valueCount));
  }
  return types;
}

function readSubtype(reader: ModuleReader, index: number, valueCount: { total: number }): TypeInfo {
  const form = reader.bytes[reader.at];
  if (reader.at < reader.end && (form === 0x50 || form === 0x4f)) {
    reader.at++;
    const at = reader.at;
    const supertypes = reader.u32();
    if (supertypes > 1) reader.malformed(at, `expected at most one supertype, found ${supertypes}`);
    if (supertypes === 1) reader.index("supertype", index);
  }
  return readComposite(reader, valueCount);
}

function readComposite(reader: ModuleReader, valueCount: { total: number }): TypeInfo {
  const at = reader.at;
  const form = reader.u8("a type");
  const { total } = valueCount;
  let type: TypeInfo;
  switch (form) {
    case 0x60: {
      const params = readValueTypes(reader, "parameters", paramsMax);
      const results = readValueTypes(reader, "results", resultsMax);
      valueCount.total += params.length + results.length;
      type = { kind: "func", params, results };
      break;
    }
    case 0x5f: {
      const fields = boundedCount(reader, "fields", fieldsMax);
      for (let i = 0; i < fields; i++) readField(reader);
      valueCount.total += fields;
      type = { kind: "struct" };
      break;
    }
    case 0x5e:
      type = { kind: "array", element: readField(reader) };
      break;
    default:
      reader.malformed(at, `expected a function, struct or array type, found ${hex(form)}`);
  }
  if (valueCount.total !== total) checkCap(reader.caps, "typeValues", valueCount.total, at);
  return type;
}

function readValueTypes(reader: ModuleReader, what: string, max: number): ValueType[] {
  const types: ValueType[] = [];
  for (let count = boundedCount(reader, what, max); count > 0; count--) types.push(reader.valueType());
  return types;
}

function boundedCount(reader: ModuleReader, what: string, max: number): number {
  const at = reader.at;
  const count = reader.u32();
  if (count > max) reader.malformed(at, `a type may have ${max} ${what} at the most, this one has ${count}`);
  reader.checkFits(count, at);
  return count;
}

/** A field of a struct or the element of an array: i8 (0x78), i16 (0x77) or a value type, then its mutability. Returns what it is on the stack. */
function readField(reader: ModuleReader): ValueType {
  const byte = reader.bytes[reader.at];
  let type = i32;
  if (reader.at < reader.end && (byte === 0x78 || byte === 0x77)) reader.at++;
  else type = reader.valueType();
  const at = reader.at;
  if (reader.u8("a field's mutability") > 1) reader.malformed(at, "expected 0 (constant) or 1 (variable)");
  return type;
}
