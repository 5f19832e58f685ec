import type { FunctionType, ResourceType, ValueType } from "./types.ts";

/** Characters of one formatted type: hostile ones have millions. */
const charactersMaxDefault = 400;

/** A type as WIT writes it; records and the like, which have no name here, with their parts: `record { a: u8 }`. */
export function formatType(type: ValueType, charactersMax: number = charactersMaxDefault): string {
  const writer = new TypeWriter(charactersMax);
  writer.type(type);
  return writer.text();
}

/** `func(a: u8) -> string` */
export function formatFunctionType(type: FunctionType, charactersMax: number = charactersMaxDefault): string {
  const writer = new TypeWriter(charactersMax);
  writer.function(type);
  return writer.text();
}

/** Stops to look once it has enough. */
class TypeWriter {
  readonly #charactersMax: number;
  #text = "";

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  text(): string {
    return this.#text.length <= this.#charactersMax ? this.#text : `${this.#text.slice(0, this.#charactersMax)}…`;
  }

  function({ parameters, result }: FunctionType): void {
    this.#text += "func(";
    this.#list(parameters, ({ name, type }) => this.#named(name, type));
    this.#text += ")";
    if (result === undefined) return;
    this.#text += " -> ";
    this.type(result);
  }

  type(type: ValueType): void {
    switch (type.kind) {
      case "list":
        this.#generic("list", [type.element]);
        break;
      case "option":
        this.#generic("option", [type.some]);
        break;
      case "tuple":
        this.#generic("tuple", type.items);
        break;
      case "result":
        if (type.ok === undefined && type.error === undefined) this.#text += "result";
        else this.#generic("result", type.error === undefined ? [type.ok] : [type.ok, type.error]);
        break;
      case "record":
        this.#text += "record { ";
        this.#list(type.fields, (field) => this.#named(field.name, field.type));
        this.#text += " }";
        break;
      case "variant":
        this.#text += "variant { ";
        this.#list(type.cases, (item) => {
          this.#text += item.name;
          if (item.type === undefined) return;
          this.#text += "(";
          this.type(item.type);
          this.#text += ")";
        });
        this.#text += " }";
        break;
      case "enum":
      case "flags":
        this.#text += `${type.kind} { `;
        this.#list(type.names, (name) => {
          this.#text += name;
        });
        this.#text += " }";
        break;
      case "own":
        this.#text += formatResource(type.resource);
        break;
      case "borrow":
        this.#text += `borrow<${formatResource(type.resource)}>`;
        break;
      default:
        this.#text += type.kind;
    }
  }

  #named(name: string, type: ValueType): void {
    this.#text += `${name}: `;
    this.type(type);
  }

  #generic(name: string, types: readonly (ValueType | undefined)[]): void {
    this.#text += `${name}<`;
    this.#list(types, (type) => {
      if (type === undefined) this.#text += "_";
      else this.type(type);
    });
    this.#text += ">";
  }

  #list<T>(items: readonly T[], write: (item: T) => void): void {
    for (let i = 0; i < items.length; i++) {
      if (this.#text.length > this.#charactersMax) return;
      if (i > 0) this.#text += ", ";
      write(items[i]!);
    }
  }
}

function formatResource(resource: ResourceType): string {
  if (resource.origin === "guest") return "(resource of a component)";
  return resource.interface === "" ? resource.name : `${resource.interface}.${resource.name}`;
}
