import type { TSchema } from "typebox";

// Checks a value against a schema and says what is wrong in words. TypeBox's own errors stop at eight, and do not know
// the value, the description or the nearest key; a test holds the two to the same verdict.

/** The part of JSON Schema that our contracts use. TypeBox makes such objects. */
export interface CheckedSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, CheckedSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | CheckedSchema;
  readonly patternProperties?: Readonly<Record<string, CheckedSchema>>;
  readonly items?: CheckedSchema;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly CheckedSchema[];
  readonly const?: unknown;
}

export type Path = readonly (string | number)[];

/** One thing wrong with a value. */
export interface Issue {
  /** Last part of the error's code. */
  readonly kind: "missing" | "unknown-key" | "wrong-type" | "bad-value";
  readonly path: Path;
  /** Goes after the name of the value: `must be a string, not 5`. */
  readonly message: string;
  readonly hint?: string;
}

const issuesMax = 20;

/** The issues of a value, in the order of the value's own keys, at most twenty. Empty when it is valid. */
export function checkValue(schema: CheckedSchema | TSchema, value: unknown): Issue[] {
  const issues: Issue[] = [];
  check(schema as CheckedSchema, value, [], issues);
  return issues.slice(0, issuesMax);
}

function check(schema: CheckedSchema, value: unknown, path: Path, issues: Issue[]): void {
  if (issues.length >= issuesMax) return;
  if (schema.anyOf !== undefined) {
    checkUnion(schema, value, path, issues);
    return;
  }
  if (Object.hasOwn(schema, "const")) {
    if (value !== schema.const) issues.push(bad(path, `must be ${JSON.stringify(schema.const)}, not ${shown(value)}`));
    return;
  }
  if (!hasType(schema.type, value)) {
    const kind = schema.type === "integer" && typeof value === "number" ? "bad-value" : "wrong-type";
    const quoted = schema.type === "string" && (typeof value === "number" || typeof value === "boolean");
    const hint = quoted ? { hint: `write it in quotes: "${value}"` } : {};
    issues.push({ kind, path, message: `must be ${typeName(schema.type)}, not ${shown(value)}`, ...hint });
    return;
  }
  if (typeof value === "string") checkString(schema, value, path, issues);
  else if (typeof value === "number") checkNumber(schema, value, path, issues);
  else if (Array.isArray(value)) checkArray(schema, value, path, issues);
  else if (typeof value === "object" && value !== null)
    checkObject(schema, value as Record<string, unknown>, path, issues);
}

function checkUnion(schema: CheckedSchema, value: unknown, path: Path, issues: Issue[]): void {
  const options = schema.anyOf ?? [];
  if (options.some((option) => checkValue(option, value).length === 0)) return;
  // The one that is meant, if the type tells.
  const [meant, ...others] = options.filter((option) => option.type !== undefined && hasType(option.type, value));
  if (meant !== undefined && others.length === 0 && !Object.hasOwn(meant, "const")) {
    check(meant, value, path, issues);
    return;
  }
  const texts = options.map((option) =>
    Object.hasOwn(option, "const") ? JSON.stringify(option.const) : typeName(option.type),
  );
  issues.push(bad(path, `must be ${texts.join(" or ")}, not ${shown(value)}`));
}

function checkString(schema: CheckedSchema, value: string, path: Path, issues: Issue[]): void {
  if (schema.maxLength !== undefined && value.length > schema.maxLength) {
    issues.push(bad(path, `must be at most ${schema.maxLength} characters long, not ${value.length}`));
  } else if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value)) {
    const expected =
      schema.pattern === "^/" ? "begin with /" : `be ${schema.description ?? `text like ${schema.pattern}`}`;
    issues.push(bad(path, `must ${expected}, not ${shown(value)}`));
  }
}

function checkNumber(
  { minimum = -Infinity, maximum = Infinity }: CheckedSchema,
  value: number,
  path: Path,
  issues: Issue[],
): void {
  if (value >= minimum && value <= maximum) return;
  const range = maximum === Infinity ? `at least ${minimum}` : `from ${minimum} to ${maximum}`;
  issues.push(bad(path, `must be ${range}, not ${value}`));
}

function checkArray({ items, maxItems }: CheckedSchema, value: readonly unknown[], path: Path, issues: Issue[]): void {
  if (maxItems !== undefined && value.length > maxItems) {
    issues.push(bad(path, `must have at most ${maxItems} entries, not ${value.length}`));
    return;
  }
  if (items === undefined) return;
  for (const [index, item] of value.entries()) check(items, item, [...path, index], issues);
}

function checkObject(
  schema: CheckedSchema,
  value: Readonly<Record<string, unknown>>,
  path: Path,
  issues: Issue[],
): void {
  const properties = schema.properties ?? {};
  for (const [key, item] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : matching(schema.patternProperties, key);
    if (known !== undefined) check(known, item, [...path, key], issues);
    else if (typeof schema.additionalProperties === "object")
      check(schema.additionalProperties, item, [...path, key], issues);
    else if (schema.additionalProperties === false || schema.patternProperties !== undefined) {
      issues.push(unknownKey(schema, key, path));
    }
    if (issues.length >= issuesMax) return;
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) issues.push({ kind: "missing", path: [...path, key], message: "is missing" });
  }
}

function matching(patterns: CheckedSchema["patternProperties"] = {}, key: string): CheckedSchema | undefined {
  return Object.entries(patterns).find(([pattern]) => new RegExp(pattern, "u").test(key))?.[1];
}

function unknownKey(schema: CheckedSchema, key: string, path: Path): Issue {
  if (schema.properties === undefined) {
    return bad([...path, key], "is not a valid name: letters, digits and _, not beginning with a digit");
  }
  const nearest = nearestOf(key, Object.keys(schema.properties));
  const hint =
    nearest === undefined ? `known keys: ${Object.keys(schema.properties).join(", ")}` : `did you mean "${nearest}"?`;
  return { kind: "unknown-key", path: [...path, key], message: "is not a known key", hint };
}

function bad(path: Path, message: string): Issue {
  return { kind: "bad-value", path, message };
}

function hasType(type: string | undefined, value: unknown): boolean {
  switch (type) {
    case "string":
    case "boolean":
      return typeof value === type;
    case "integer":
      return Number.isInteger(value);
    case "number":
      return Number.isFinite(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
    default:
      return true;
  }
}

function typeName(type: string | undefined): string {
  if (type === "integer") return "a whole number";
  if (type === "array") return "a list";
  if (type === "object") return "a table";
  return `a ${type ?? "value"}`;
}

/** A value as an error shows it: short, on one line. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "object" && value !== null) return "a table";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}

/** Where a value is, for programs: a JSON pointer (RFC 6901), with keys cut at 200 characters. */
export function pointer(path: Path): string {
  return path.map((key) => `/${String(key).slice(0, 200).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The candidate that a mistyped word most likely meant, undefined when none is near. */
export function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  if (word.length > 64) return undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein's distance: insertions, deletions and substitutions. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substituted = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
