import { errno, type Result } from "../errno.ts";
import { formatAnswer, parseQuestion, recordType, responseCode } from "./dns-message.ts";
import { ownAddressesOf } from "./socket-name.ts";

export const nameServerPort = 53;

type Resolve = (name: string, family: 4 | 6) => Result | Promise<readonly string[] | Result>;

/**
 * The answer of the name server in a guest's own network to a query: for programs with a resolver of their own, such as Go's
 * and musl's. It knows what {@link Resolve} does, A and AAAA records only. Undefined for what is no query.
 */
export async function answerQuery(query: Uint8Array, resolve: Resolve): Promise<Uint8Array | undefined> {
  const question = parseQuestion(query);
  if (question === undefined) return undefined;
  const { name, type } = question;
  if (type !== recordType.a && type !== recordType.aaaa) return formatAnswer(query, question, responseCode.ok, []);
  const found = ownAddressesOf(name) ?? (await resolve(name, type === recordType.a ? 4 : 6));
  if (typeof found !== "number") return formatAnswer(query, question, responseCode.ok, found);
  return formatAnswer(query, question, codeOf(found), []);
}

function codeOf(result: Result): number {
  switch (result) {
    // Whether the name has an address of the other family is not known: no such record is true in either case.
    case -errno.NOENT:
      return responseCode.ok;
    case -errno.ACCES:
      return responseCode.refused;
    default:
      return responseCode.serverFailure;
  }
}
