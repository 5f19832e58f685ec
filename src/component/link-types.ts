import type { FunctionTypeAst, TypeAst, TypeRef } from "./ast.ts";
import type { Scope, TypeEntity } from "./entities.ts";
import { type Linking, quote } from "./linking.ts";
import { isLabel } from "./names.ts";
import type { FunctionType, RecordField, ResourceType, ValueType } from "./types.ts";

type ValueTypeAst = Exclude<TypeAst, { readonly kind: "func" | "resource" | "instance" | "component" }>;

/** The type of a definition, resources aside: those are made by the components that define them. */
export function linkType(
  link: Linking,
  scope: Scope,
  ast: Exclude<TypeAst, { readonly kind: "resource" }>,
  at: number,
): TypeEntity {
  switch (ast.kind) {
    case "func":
      return { kind: "func", type: linkFunctionType(link, scope, ast, at) };
    case "instance":
    case "component":
      return { kind: "interface", ast, scope };
    default:
      return { kind: "value", type: linkValueType(link, scope, ast, at) };
  }
}

function linkValueType(link: Linking, scope: Scope, ast: ValueTypeAst, at: number): ValueType {
  const ref = (type: TypeRef) => linkTypeRef(link, scope, type, at);
  const optional = (type: TypeRef | undefined) => (type === undefined ? undefined : ref(type));
  const { types } = link;
  switch (ast.kind) {
    case "primitive":
      return types.primitive(ast.primitive);
    case "record":
      checkLabels(link, scope, ast.fields, at);
      return types.intern(
        { kind: "record", fields: ast.fields.map(({ name, type }) => ({ name, type: ref(type) })) },
        at,
      );
    case "variant":
      checkLabels(link, scope, ast.cases, at);
      return types.intern(
        { kind: "variant", cases: ast.cases.map(({ name, type }) => ({ name, type: optional(type) })) },
        at,
      );
    case "list":
      return types.intern({ kind: "list", element: ref(ast.element) }, at);
    case "tuple":
      link.step(ast.items.length, at);
      return types.intern({ kind: "tuple", items: ast.items.map(ref) }, at);
    case "flags":
    case "enum":
      checkLabels(
        link,
        scope,
        ast.names.map((name) => ({ name })),
        at,
      );
      return types.intern({ kind: ast.kind, names: ast.names }, at);
    case "option":
      return types.intern({ kind: "option", some: ref(ast.some) }, at);
    case "result":
      return types.intern({ kind: "result", ok: optional(ast.ok), error: optional(ast.error) }, at);
    case "own":
    case "borrow":
      return types.intern({ kind: ast.kind, resource: resourceAt(link, scope, ast.resource, at) }, at);
  }
}

function linkFunctionType(link: Linking, scope: Scope, ast: FunctionTypeAst, at: number): FunctionType {
  checkLabels(link, scope, ast.parameters, at);
  const parameters: RecordField[] = ast.parameters.map(({ name, type }) => ({
    name,
    type: linkTypeRef(link, scope, type, at),
  }));
  const result = ast.result === undefined ? undefined : linkTypeRef(link, scope, ast.result, at);
  if (result !== undefined && link.types.facts(result).hasBorrow) {
    link.fail("type", at, "a function cannot answer with a borrowed handle");
  }
  return { parameters, result };
}

function linkTypeRef(link: Linking, scope: Scope, type: TypeRef, at: number): ValueType {
  if (typeof type === "string") return link.types.primitive(type);
  const entity = link.at(scope.types, type, "type", at);
  if (entity.kind !== "value") link.fail("index", at, `type ${type} is not the type of a value`);
  return entity.type;
}

/** The resource that a type index names. */
export function resourceAt(link: Linking, scope: Scope, index: number, at: number): ResourceType {
  const entity = link.at(scope.types, index, "type", at);
  if (entity.kind !== "resource") link.fail("index", at, `type ${index} is not a resource`);
  return entity.resource;
}

function checkLabels(link: Linking, scope: Scope, parts: readonly { readonly name: string }[], at: number): void {
  link.step(parts.length, at);
  if (!scope.validates) return;
  const seen = new Set<string>();
  for (const { name } of parts) {
    if (!isLabel(name)) link.fail("name", at, `${quote(name)} is not a label in kebab case`);
    const key = name.toLowerCase();
    if (seen.has(key)) link.fail("name", at, `a second ${quote(name)} in one type`);
    seen.add(key);
  }
}

/** Equal types of values are one object, so this looks no deeper than the signature. */
export function sameFunctionType(a: FunctionType, b: FunctionType): boolean {
  return (
    a.result === b.result &&
    a.parameters.length === b.parameters.length &&
    a.parameters.every(({ name, type }, i) => name === b.parameters[i]!.name && type === b.parameters[i]!.type)
  );
}
