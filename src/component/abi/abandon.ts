import type { ResourceType, ValueType } from "../types.ts";
import { camelCase } from "./names.ts";

/** Calls `found` for each object in a value that its type says is given away. For a host's values that a guest's trap kept from arriving. */
export function eachOwned(
  type: ValueType | undefined,
  value: unknown,
  found: (resource: ResourceType, object: unknown) => void,
): void {
  if (type === undefined || value === undefined) return;
  const of = value as Record<string, unknown>;
  switch (type.kind) {
    case "own":
      found(type.resource, value);
      return;
    case "list":
      for (const element of value as Iterable<unknown>) eachOwned(type.element, element, found);
      return;
    case "record":
      for (const { name, type: field } of type.fields) eachOwned(field, of[camelCase(name)], found);
      return;
    case "tuple":
      for (const [index, item] of type.items.entries()) eachOwned(item, of[index], found);
      return;
    case "variant":
      eachOwned(type.cases.find(({ name }) => name === of.tag)?.type, of.val, found);
      return;
    case "option":
      eachOwned(type.some, type.some.kind === "option" ? of.val : value, found);
      return;
    case "result":
      eachOwned(of.tag === "ok" ? type.ok : type.error, of.val, found);
      return;
    default:
      return;
  }
}
