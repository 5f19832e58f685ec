import type { SwaggerOptions } from "@fastify/swagger";
import {
  EventView,
  HealthView,
  InstanceView,
  LogLine,
  Mount,
  Problem,
  Route,
  ServiceSpec,
  ServiceView,
  WorkerView,
} from "../../control/service.ts";

/** Schemas that get a name in the document, so that generated clients have types to speak of. */
const named = {
  EventView,
  HealthView,
  InstanceView,
  LogLine,
  Mount,
  Problem,
  Route,
  ServiceSpec,
  ServiceView,
  WorkerView,
};

export const swaggerOptions: SwaggerOptions = {
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Warren",
      description: "The control API of a Warren daemon. Errors are problem documents (RFC 9457) with a stable `code`.",
      version: "1",
    },
  },
  transformObject: (given) => {
    if (!("openapiObject" in given)) return given.swaggerObject;
    return withNames(given.openapiObject);
  },
};

/** The document with each named schema in `components`, and references in its places. */
function withNames<T extends object>(document: T): T {
  const names = new Map(Object.entries(named).map(([name, schema]) => [JSON.stringify(converted(schema)), name]));
  const replaced = replace(document, names, undefined) as T & { components?: object };
  const schemas = Object.fromEntries(
    Object.entries(named).map(([name, schema]) => [name, replace(converted(schema), names, name)]),
  );
  return { ...replaced, components: { ...replaced.components, schemas } };
}

/** As the generator writes it: a record's pattern is not part of the document. */
function converted(schema: object): unknown {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    if (typeof value !== "object" || value === null || !("patternProperties" in value)) return value;
    const { patternProperties, ...rest } = value;
    return { ...rest, additionalProperties: Object.values(patternProperties as object)[0] };
  });
}

function replace(value: unknown, names: ReadonlyMap<string, string>, self: string | undefined): unknown {
  if (typeof value !== "object" || value === null) return value;
  const name = names.get(JSON.stringify(value));
  if (name !== undefined && name !== self) return { $ref: `#/components/schemas/${name}` };
  if (Array.isArray(value)) return value.map((item) => replace(item, names, undefined));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, names, undefined)]));
}
