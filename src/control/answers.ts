import type { TSchema } from "typebox";
import { Problem } from "./service.ts";

// How the operations of the API say what they answer, for the OpenAPI document.

export const json = (schema: TSchema, description: string, headers?: object): object => ({
  description,
  ...(headers === undefined ? {} : { headers }),
  content: { "application/json": { schema } },
});

export const ndjson = (schema: TSchema, description: string): object => ({
  description,
  content: { "application/x-ndjson": { schema } },
});

export const empty = (description: string): object => ({ description, type: "null" });

export const problem = (description: string): object => ({
  description,
  content: { "application/problem+json": { schema: Problem } },
});

/** What every operation may answer. */
export const always = {
  400: problem("the request is not valid: `request.invalid`, `service.*`"),
  403: problem("a foreign Host or Origin: `request.foreign-host`, `request.foreign-origin`"),
  "5xx": problem("the daemon failed: `internal`, `state.*`"),
};
