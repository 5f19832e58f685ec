import type { Fields } from "../../http/fields.ts";

/** What the head says of the body's length; `invalid` when it says so more than once (RFC 9112 §6.3). */
export function contentLengthOf(fields: Fields): number | "invalid" | undefined {
  let found: string | undefined;
  for (const [name, value] of fields.list) {
    if (name.length !== 14 || name.toLowerCase() !== "content-length") continue;
    if (found !== undefined) return "invalid";
    found = value;
  }
  return found === undefined ? undefined : Number(found);
}
