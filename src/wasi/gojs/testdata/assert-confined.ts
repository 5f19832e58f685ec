import assert from "node:assert/strict";
import { ScriptArray, ScriptFunction, ScriptObject, type Value } from "../value.ts";

/** Asserts that all that can be reached from a value is a primitive or an object of ours; gives how many values that are. */
export function assertConfined(start: Value, name: string): number {
  const seen = new Set<Value>();
  const visit = (value: Value, path: string): void => {
    if (seen.has(value)) return;
    seen.add(value);
    assert.ok(typeof value !== "function" && typeof value !== "symbol", path);
    if (typeof value !== "object" || value === null) return;
    assert.ok(value instanceof ScriptObject, path);
    for (const [name, next] of value.properties) visit(next, `${path}.${name}`);
    if (value instanceof ScriptArray) for (const item of value.items) visit(item, `${path}[]`);
    if (value instanceof ScriptFunction && value.construct !== undefined) visit(value.construct([]), `new ${path}`);
  };
  visit(start, name);
  return seen.size;
}
