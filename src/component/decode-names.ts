import { hex } from "../wasm/offset.ts";
import type { ExternType, Sort } from "./ast.ts";
import type { ComponentReader } from "./component-reader.ts";
import { isCanonicalVersion, isSemver, parseExternName } from "./names.ts";

/** A name of an import or export, with a check of what is said of it that is due once its sort is known. */
export interface ReadName {
  readonly name: string;
  check(sort: Sort | ExternType["sort"]): void;
}

const withoutAttributes = (): void => {};

const implementsAttribute = 0;
const versionSuffix = 1;
const externalId = 2;

/**
 * Reads a name of an import or export and its attributes (Component model, Binary.md, `nameattributes`): which interface an instance implements, what
 * was cut off of its version, what the outside calls it. They tell tools something; nothing is done by them here.
 */
export function readExternName(reader: ComponentReader): ReadName {
  const at = reader.at;
  const form = reader.u8("a name");
  if (form > 2) reader.malformed(at, `expected 0x00, 0x01 or 0x02 before a name, found ${hex(form)}`);
  const name = reader.name("a name");
  if (form !== 2) return { name, check: withoutAttributes };
  const attributes = new Map<number, string>();
  reader.vector("definitions", () => {
    const attributeAt = reader.at;
    const kind = reader.u8("an attribute");
    if (kind > externalId) reader.malformed(attributeAt, `${hex(kind)} is not an attribute of a name`);
    if (attributes.has(kind)) reader.malformed(attributeAt, `a second attribute ${hex(kind)} of one name`);
    attributes.set(kind, reader.name("an attribute"));
  });
  return { name, check: (sort) => checkAttributes(reader, at, name, attributes, sort) };
}

function checkAttributes(
  reader: ComponentReader,
  at: number,
  name: string,
  attributes: ReadonlyMap<number, string>,
  sort: Sort | ExternType["sort"],
): void {
  const implemented = attributes.get(implementsAttribute);
  const suffix = attributes.get(versionSuffix);
  if ((implemented !== undefined || suffix !== undefined) && sort !== "instance") {
    reader.malformed(at, "only an instance implements an interface or has a version");
  }
  const parsed = parseExternName(name);
  if (implemented !== undefined) {
    if (parsed?.kind !== "label") reader.malformed(at, "what implements an interface must have a plain name");
    if (parseExternName(implemented)?.kind !== "interface") {
      reader.malformed(at, "what an instance implements must be an interface");
    }
  }
  if (suffix === undefined) return;
  if (parsed?.kind !== "interface" || !isCanonicalVersion(parsed.version) || !isSemver(parsed.version + suffix)) {
    reader.malformed(at, "the rest of a version does not make one with the name's");
  }
}
