import type { Alternative, Match } from "./router.ts";

/** A client's cookie that says where it was: not for scripts, not sent along by other sites' requests but for links. */
const cookieName = "warren-route";
const cookieSeconds = 24 * 3600;

export interface Choice {
  readonly match: Match;
  /** The value of a Set-Cookie that goes with the answer. */
  readonly cookie: string | undefined;
}

/** What the choice goes by. */
export interface Chooser {
  readonly scheme: "http" | "https";
  /** The value of the first field of this name, which is in lower case. */
  field(name: string): string | undefined;
  /** The service that another worker has chosen for this request already. */
  readonly chosen: string | undefined;
  /** From 0 up to 1. */
  random(): number;
}

/**
 * One of the services that share a route: where the client was before if they say so, else by their parts. None that cannot
 * answer at the moment, as long as another can.
 */
export function choose(alternatives: readonly Alternative[], chooser: Chooser): Choice {
  const sticky = alternatives.some((one) => one.token !== undefined);
  const sent = sticky ? cookieValues(chooser.field("cookie")) : [];
  const before = sent.flatMap((value) => alternatives.find((one) => one.token === value) ?? []).find((one) => one.able);
  const match =
    alternatives.find((one) => one.service === chooser.chosen) ?? before ?? draw(alternatives, chooser.random());
  if (!sticky || match === before || match.token === undefined) return { match, cookie: undefined };
  const secure = chooser.scheme === "https" ? "; Secure" : "";
  const attributes = `Path=${match.path || "/"}; Max-Age=${cookieSeconds}; HttpOnly; SameSite=Lax${secure}`;
  return { match, cookie: `${cookieName}=${match.token}; ${attributes}` };
}

/** By the parts of those that can answer, which are taken together for the whole. */
function draw(alternatives: readonly Alternative[], random: number): Alternative {
  const able = alternatives.filter((one) => one.able);
  const candidates = able.length > 0 ? able : alternatives;
  const parts = alternatives.reduce((sum, one) => sum + (one.share ?? 0), 0);
  // What the others leave goes to the one without a share.
  const partOf = (one: Alternative): number => one.share ?? Math.max(0, 1 - parts);
  let at = random * candidates.reduce((sum, one) => sum + partOf(one), 0);
  for (const one of candidates) {
    at -= partOf(one);
    if (at < 0) return one;
  }
  return candidates.at(-1)!;
}

/** Of a Cookie field (RFC 6265 §4.2.1): the values of ours. Of cookies for several paths the longest comes first (§5.4). */
function cookieValues(field: string | undefined): string[] {
  if (field === undefined || !field.includes(cookieName)) return [];
  return field.split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    return pair.slice(0, at).trim() === cookieName ? [pair.slice(at + 1).trim()] : [];
  });
}
