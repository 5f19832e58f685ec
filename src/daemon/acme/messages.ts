import Type, { type Static, type TSchema } from "typebox";
import { checkValue } from "../../control/check.ts";
import { AcmeError } from "./acme-error.ts";

// What CAs answer (RFC 8555 §7.1), as far as it is used. A CA may add members.

const Url = Type.String({ maxLength: 2048, pattern: "^https://" });
const Text = Type.String({ maxLength: 4096 });

export const Directory = Type.Object({
  newNonce: Url,
  newAccount: Url,
  newOrder: Url,
  revokeCert: Url,
  keyChange: Url,
  /** RFC 9773. */
  renewalInfo: Type.Optional(Url),
  meta: Type.Optional(Type.Object({ externalAccountRequired: Type.Optional(Type.Boolean()) })),
});
export type Directory = Static<typeof Directory>;

// However long: it is cut where it is shown.
export const Problem = Type.Object({ type: Type.Optional(Type.String()), detail: Type.Optional(Type.String()) });
export type Problem = Static<typeof Problem>;

export const Account = Type.Object({ status: Text });

export const Order = Type.Object({
  status: Text,
  authorizations: Type.Array(Url, { maxItems: 100 }),
  finalize: Url,
  certificate: Type.Optional(Url),
  error: Type.Optional(Problem),
});
export type Order = Static<typeof Order>;

const Challenge = Type.Object({
  type: Text,
  url: Url,
  status: Type.Optional(Text),
  // RFC 8555 §8.1: base64url, and nothing else, since it becomes a path.
  token: Type.Optional(Type.String({ maxLength: 256, pattern: "^[A-Za-z0-9_-]+$" })),
  error: Type.Optional(Problem),
});
export type Challenge = Static<typeof Challenge>;

export const Authorization = Type.Object({
  identifier: Type.Object({ type: Text, value: Text }),
  status: Text,
  challenges: Type.Array(Challenge, { maxItems: 100 }),
});
export type Authorization = Static<typeof Authorization>;

export const RenewalInfo = Type.Object({
  suggestedWindow: Type.Object({ start: Text, end: Text }),
  explanationURL: Type.Optional(Text),
});

/** A JSON answer of a schema. Throws `acme.answer`, of the CA at `host`. */
export function parse<T extends TSchema>(schema: T, body: Buffer, host: string): Static<T> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new AcmeError("acme.answer", `the CA at ${host} sent something that is not JSON`, "ca");
  }
  const [issue] = checkValue(schema, value);
  if (issue === undefined) return value as Static<T>;
  const where = issue.path.length === 0 ? "it" : issue.path.join(".");
  throw new AcmeError(
    "acme.answer",
    `the CA at ${host} sent an answer in which ${where} ${issue.message.slice(0, 200)}`,
    "ca",
  );
}
