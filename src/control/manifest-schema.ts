import Type, { type Static } from "typebox";
import { Route } from "./route.ts";
import { Mount, Outbound, ServiceSpec } from "./service.ts";
import { ManifestSite } from "./site.ts";

const ManifestMount = Type.Object(
  {
    ...Mount.properties,
    source: Type.Optional(
      Type.String({ description: "directory or file on this machine, absolute or beside the manifest" }),
    ),
  },
  { additionalProperties: false },
);

const ManifestOutbound = Type.Object(
  {
    ...Outbound.properties,
    unix: Type.Optional(
      Type.String({ pattern: ".", description: "a unix socket on this machine, absolute or beside the manifest" }),
    ),
  },
  { additionalProperties: false },
);

const ManifestRoute = Type.Object(
  { ...Route.properties, static: Type.Optional(ManifestSite) },
  { additionalProperties: false },
);

/** JSON Schema of `warren.toml`: a {@link ServiceSpec} whose program, if it has one, is a file and whose paths may be relative. */
export const manifestSchema = Type.Object(
  {
    ...ServiceSpec.properties,
    program: Type.Optional(
      Type.String({ pattern: ".", description: "the path of a wasm file, absolute or beside the manifest" }),
    ),
    route: Type.Optional(Type.Array(ManifestRoute, { maxItems: 100 })),
    mount: Type.Optional(Type.Array(ManifestMount, { maxItems: 100 })),
    outbound: Type.Optional(Type.Array(ManifestOutbound, { maxItems: 100 })),
  },
  { title: "warren.toml", $schema: "https://json-schema.org/draft/2020-12/schema", additionalProperties: false },
);
export type Manifest = Static<typeof manifestSchema>;
