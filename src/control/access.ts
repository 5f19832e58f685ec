import Type, { type Static } from "typebox";

/** Which lines the requests of a service leave in its log. */
export const Access = Type.Object(
  {
    format: Type.Optional(
      Type.Union([Type.Literal("json"), Type.Literal("common")], {
        description: "json when absent; common is NCSA's Common Log Format",
      }),
    ),
    sample: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: "the part of the requests that is told of; 1 when absent" }),
    ),
  },
  { description: "a line for each HTTP request, to be seen with `warren logs --access`", additionalProperties: false },
);
export type Access = Static<typeof Access>;
