import Type from "typebox";
import { assert } from "../base/assert.ts";

const pattern = /^([1-9][0-9]{0,8})\/(s|m|h)$/;
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** `100/s`, `600/m`, `1000/h`: so many at once, and as many again in each second, minute or hour, evenly. */
export const Rate = Type.String({ pattern: pattern.source, description: "a rate such as 100/s, 600/m or 1000/h" });

/** What each client may ask of a service. */
export const clientLimits = Type.Object(
  {
    rate: Type.Optional(Rate),
    connections: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  },
  {
    description: "the same for each client: an IPv4 address, or a network of 64 bits of IPv6",
    additionalProperties: false,
  },
);

/** The number at once, and the span in which as many come again in milliseconds. The schema has checked the text. */
export function parseRate(text: string): { count: number; perMs: number } {
  const [, count, unit] = pattern.exec(text) ?? [];
  const perMs = unitMs[unit ?? ""];
  assert(perMs !== undefined, "a rate is a number, a slash and s, m or h");
  return { count: Number(count), perMs };
}
