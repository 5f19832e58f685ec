import { WarrenError } from "../../base/errors.ts";
import { type CheckedSchema, checkValue, type Issue, pointer } from "../../control/check.ts";

/** Fastify's validator for one part of a request. Names, digests and so on are refused here, before any handler. */
export function validatorFor(
  schema: CheckedSchema,
  part: string,
): (value: unknown) => { value: unknown } | { error: WarrenError } {
  const textual = part === "querystring" || part === "params" || part === "headers";
  return (given) => {
    const value = textual ? withNumbers(schema, given) : given;
    const [issue] = checkValue(schema, value);
    return issue === undefined ? { value } : { error: invalid(part, issue) };
  };
}

/** A query is all text: whole numbers are made of what looks like one. */
function withNumbers({ properties = {} }: CheckedSchema, given: unknown): unknown {
  const values: Record<string, unknown> = { ...(given as object) };
  for (const [name, value] of Object.entries(values)) {
    const whole = properties[name]?.type === "integer" && typeof value === "string" && /^[0-9]{1,15}$/.test(value);
    if (whole) values[name] = Number(value);
  }
  return values;
}

function invalid(part: string, { path, message, hint }: Issue): WarrenError {
  const named = path.length === 0 ? `the ${part}` : `"${path.join(".").slice(0, 200)}" of the ${part}`;
  return new WarrenError("request.invalid", `${named} ${message}`, {
    at: pointer([part, ...path]),
    ...(hint === undefined ? {} : { hint }),
  });
}
