import type { SwaggerOptions } from "@fastify/swagger";

export const swaggerOptions: SwaggerOptions = {
  exposeHeadRoutes: true,
  convertConstToEnum: false,
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Warren",
      description: "The control API of a Warren daemon. Errors are problem documents (RFC 9457) with a stable `code`.",
      version: "1",
    },
  },
  transformObject: (given) => ("openapiObject" in given ? withNames(given.openapiObject) : given.swaggerObject),
};

/**
 * The document with each schema that has a title in `components` and references in its places, so that generated clients
 * have types to speak of.
 */
function withNames<T extends { info?: object; components?: { schemas?: object } }>(document: T): T {
  const schemas: Record<string, unknown> = {};
  const { info, ...rest } = document;
  const replaced = replace(rest, schemas) as T;
  return { ...replaced, info, components: { ...replaced.components, schemas } };
}

function replace(value: unknown, schemas: Record<string, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => replace(item, schemas));
  const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, schemas)]));
  if (!("title" in value) || typeof value.title !== "string") return copy;
  schemas[value.title] = copy;
  return { $ref: `#/components/schemas/${value.title}` };
}
