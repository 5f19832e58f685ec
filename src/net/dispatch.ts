import type { Answer, AnswerTarget } from "./answer.ts";
import type { Client } from "./client.ts";
import type { HttpContext } from "./http1/context.ts";
import type { ErrorAnswer } from "./http1/error-answer.ts";
import type { Alternative, Match } from "./router.ts";
import { choose } from "./shares.ts";
import type { Field, HttpTarget } from "./target.ts";
import { refuseMisdirected } from "./tls/misdirected.ts";
import { leavePlain } from "./tls/plain.ts";
import type { Visit } from "./visit.ts";

/** What the front goes by when it decides what becomes of a request; of HTTP/1 and HTTP/2 alike. */
export interface RequestView {
  readonly method: string;
  /** The Host field or :authority, as sent. */
  readonly host: string;
  /** In origin form, query included, or `*`. */
  readonly target: string;
  /** The target without its query. */
  readonly path: string;
  /** The path may hold dot segments. */
  readonly suspicious: boolean;
  /** Of the body, as announced; less than 1 where none was, or it comes without its length. */
  readonly contentLength: number;
  /** The value of the first field of this name, which is in lower case. */
  field(name: string): string | undefined;
}

/** A visit is to be told what came of the request, and ended with it, whatever came of it. */
export type Decision =
  | {
      readonly kind: "match";
      readonly match: Match<HttpTarget>;
      readonly visit?: Visit;
      /** Go with the answer. */
      readonly fields?: readonly Field[];
    }
  /** The front's own: a redirect, a fixed answer. */
  | { readonly kind: "answer"; readonly answer: Answer; readonly visit?: Visit }
  | { readonly kind: "error"; readonly error: ErrorAnswer; readonly visit?: Visit };

/**
 * What becomes of a request, before any guest sees it. Throws WarrenError (400) for one that must not go anywhere.
 *
 * A service that lives in another worker has its policies applied there, since its counters are there: here it is
 * matched, and nothing else. `chosen` is the service that such a worker has matched, where several have one route.
 */
export function decide(context: HttpContext, request: RequestView, client: Client, chosen?: string): Decision {
  const challenge = client.scheme === "http" ? context.tls.challenges.http(request.path) : undefined;
  if (challenge !== undefined) return { kind: "answer", answer: challenge };
  const { host, path, suspicious } = request;
  const match = context.router.match(context.key, host, path, suspicious, client.local.ip, request);
  if (match === undefined) return nowhere(context, request, client);
  const otherwise =
    client.scheme === "https"
      ? refuseMisdirected(context, request, client, match)
      : leavePlain(context.tls, request, match);
  if (otherwise !== undefined) return otherwise;
  if (match.alternatives !== undefined) return decideAmong(match.alternatives, request, client, chosen);
  return decideOn(match, request, client);
}

/** RFC 6797 §7.2: over TLS only. */
function strictTransport({ hsts }: Match, { scheme }: Client): Field | undefined {
  return hsts === undefined || scheme !== "https" ? undefined : ["Strict-Transport-Security", `max-age=${hsts}`];
}

/** Of several services with one route; where the choice is another worker's, it says so to the client. */
function decideAmong(
  alternatives: readonly Alternative[],
  request: RequestView,
  client: Client,
  chosen: string | undefined,
): Decision {
  const field = (name: string): string | undefined => request.field(name);
  const { match, cookie } = choose(alternatives, { scheme: client.scheme, field, chosen, random: Math.random });
  const decision = decideOn(match, request, client);
  if (decision.kind !== "match" || decision.match.target.kind === "elsewhere") return decision;
  return cookie === undefined
    ? decision
    : { ...decision, fields: [...(decision.fields ?? []), ["Set-Cookie", cookie]] };
}

function decideOn(match: Match, request: RequestView, client: Client): Decision {
  if (needsNobody(match)) return answerOf(match, request, client);
  const guest = match as Match<HttpTarget>;
  const { target } = guest;
  if (target.kind === "elsewhere") return { kind: "match", match: guest };
  const secured = strictTransport(match, client);
  const fields = secured === undefined ? {} : { fields: [secured] };
  if (target.policy === undefined) return { kind: "match", match: guest, ...fields };
  const { visit, error } = target.policy.visit(request, client, target.activity);
  return error === undefined ? { kind: "match", match: guest, visit, ...fields } : { kind: "error", error, visit };
}

function answerOf(match: Match<AnswerTarget>, request: RequestView, client: Client): Decision {
  const { target } = match;
  const secured = strictTransport(match, client);
  const answer = (): Answer => {
    const own = target.answer(request, match);
    return secured === undefined ? own : { ...own, fields: [...own.fields, secured] };
  };
  const { activity, policy } = target;
  const { visit, error } = policy?.visit(request, client, activity) ?? {};
  const visited = visit === undefined ? {} : { visit };
  if (error !== undefined) return { kind: "error", error, ...visited };
  if (activity !== undefined) activity.requests++;
  return { kind: "answer", answer: answer(), ...visited };
}

function needsNobody(match: Match): match is Match<AnswerTarget> {
  return match.target.kind === "answer";
}

function nowhere(context: HttpContext, request: RequestView, client: Client): Decision {
  const methods = context.router.methodsOf(context.key, request.host, request.path, client.local.ip, request);
  if (methods.length === 0)
    return { kind: "error", error: { status: 404, code: "route.unknown", message: "no service is routed here" } };
  // RFC 9110 §15.5.6: a 405 says which there are.
  const fields = [
    ["Allow", methods.join(", ")],
    ["Content-Type", "text/plain; charset=utf-8"],
  ] as const;
  const body = Buffer.from("no service is routed here for this method (route.method)\n");
  return { kind: "answer", answer: { status: 405, fields, body } };
}
