import type { ValueType } from "../../types.ts";

/**
 * WIT of a package `test:oracle` whose world `w` imports and exports the interface `echo`, with a function from each of these types to
 * itself: `f0`, `f1` and so on.
 */
export function echoWit(types: readonly ValueType[]): string {
  const declarations: string[] = [];
  const functions = types.map((type, index) => {
    const name = nameOf(type, declarations);
    return `f${index}: func(value: ${name}) -> ${name};`;
  });
  return `package test:oracle;\ninterface echo {\n${[...declarations, ...functions].join("\n")}\n}\nworld w { import echo; export echo; }\n`;
}

/** The type as it is written, after what has to have a name was declared. */
function nameOf(type: ValueType, declarations: string[]): string {
  const of = (part: ValueType | undefined): string => (part === undefined ? "_" : nameOf(part, declarations));
  const declare = (keyword: string, members: readonly string[]): string => {
    const name = `t${declarations.length}`;
    declarations.push(`${keyword} ${name} { ${members.join(", ")} }`);
    return name;
  };
  switch (type.kind) {
    case "list":
      return `list<${of(type.element)}>`;
    case "tuple":
      return `tuple<${type.items.map(of).join(", ")}>`;
    case "option":
      return `option<${of(type.some)}>`;
    case "result":
      if (type.ok === undefined && type.error === undefined) return "result";
      return type.error === undefined ? `result<${of(type.ok)}>` : `result<${of(type.ok)}, ${of(type.error)}>`;
    case "record":
      return declare(
        "record",
        type.fields.map(({ name, type: field }) => `${name}: ${of(field)}`),
      );
    case "variant":
      return declare(
        "variant",
        type.cases.map(({ name, type: payload }) => (payload === undefined ? name : `${name}(${of(payload)})`)),
      );
    case "enum":
      return declare("enum", type.names);
    case "flags":
      return declare("flags", type.names);
    case "own":
    case "borrow":
      throw new Error("handles have no text here");
    default:
      return type.kind;
  }
}
