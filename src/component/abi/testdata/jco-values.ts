import type { ValueType } from "../../types.ts";
import { camelCase } from "../names.ts";

/** A value as jco has it: flags as objects, options in options with tags. */
export function toJco(type: ValueType, value: unknown): unknown {
  return convert(type, value, true);
}

export function fromJco(type: ValueType, value: unknown): unknown {
  return convert(type, value, false);
}

function convert(type: ValueType, value: unknown, out: boolean): unknown {
  const of = value as Record<string, unknown>;
  const payload = (part: ValueType | undefined): unknown =>
    part === undefined ? undefined : convert(part, of.val, out);
  switch (type.kind) {
    case "list": {
      if (type.element.kind === "u8") return value;
      return Array.from(value as Iterable<unknown>, (element) => convert(type.element, element, out));
    }
    case "record":
      return Object.fromEntries(
        type.fields.map(({ name, type: field }) => [camelCase(name), convert(field, of[camelCase(name)], out)]),
      );
    case "tuple":
      return type.items.map((item, index) => convert(item, of[index], out));
    case "flags":
      if (out)
        return Object.fromEntries(
          type.names.map((name, bit) => [camelCase(name), ((value as number) >>> bit) % 2 === 1]),
        );
      return type.names.reduce((sum, name, bit) => sum + (of[camelCase(name)] === true ? 2 ** bit : 0), 0);
    case "variant":
      return { tag: of.tag, val: payload(type.cases.find(({ name }) => name === of.tag)?.type) };
    case "result":
      return { tag: of.tag, val: payload(of.tag === "ok" ? type.ok : type.error) };
    case "option": {
      if (type.some.kind !== "option") return value === undefined ? undefined : convert(type.some, value, out);
      // jco tags the value when it could be undefined itself.
      if (out) return value === undefined ? { tag: "none" } : { tag: "some", val: convert(type.some, of.val, out) };
      return of.tag === "none" ? undefined : { val: convert(type.some, of.val, out) };
    }
    default:
      return value;
  }
}
