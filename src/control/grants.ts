import Type, { type Static } from "typebox";
import { parseTable } from "./manifest.ts";
import { manifestSchema } from "./manifest-schema.ts";
import { Duration, Limits, Outbound } from "./service.ts";
import { checkRules } from "./spec-rules.ts";

const { env, mount } = manifestSchema.properties;
const { host, port, protocol } = Outbound.properties;
const closed = { additionalProperties: false } as const;
const Path = Type.String({ pattern: "^[^\\u0000]+$" });

/** What `run --grants FILE` takes: the words of a manifest that grant something. */
const grantsSchema = Type.Object(
  {
    env,
    mount,
    outbound: Type.Optional(
      Type.Array(Type.Object({ host, port, protocol, unix: Type.Optional(Path), as: Type.Optional(Path) }, closed), {
        maxItems: 100,
      }),
    ),
    listen: Type.Optional(Type.Array(Type.String({ description: "as of --listen" }), { maxItems: 100 })),
    limits: Type.Optional(
      Type.Object(
        { memory: Limits.properties.memory, cpu: Limits.properties.cpu, time: Type.Optional(Duration) },
        closed,
      ),
    ),
  },
  closed,
);
export type GrantsFile = Static<typeof grantsSchema>;

/** Reads the text of such a file. `file` is its name in errors, which are those of a manifest. */
export function parseGrants(text: string, { file }: { file: string }): GrantsFile {
  return parseTable(text, { file, schema: grantsSchema, rules: checkRules }) as GrantsFile;
}
