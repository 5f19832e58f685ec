/** How an answer may be coded (IANA, HTTP Content Coding Registry), those we prefer first. */
export const contentCodings = ["br", "zstd", "gzip"] as const;
export type ContentCoding = (typeof contentCodings)[number];

const fieldCharsMax = 1024;
/** `;q=0.5`, with at most three digits (RFC 9110 §12.4.2). */
const item = /^([!#$%&'*+\-.^_`|~A-Za-z0-9]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?$/;

/**
 * The codings of `offered` that a client accepts, the best first: by its weights, and by our preference where these are
 * equal (RFC 9110 §12.5.3). None where it prefers the answer as it is, and where the field is absent or makes no sense.
 */
export function acceptedCodings(
  field: string | undefined,
  offered: readonly ContentCoding[] = contentCodings,
): readonly ContentCoding[] {
  if (field === undefined || field === "" || field.length > fieldCharsMax) return [];
  if (field === lastField && offered === contentCodings) return lastCodings;
  const codings = negotiate(field, offered);
  if (offered === contentCodings) {
    lastField = field;
    lastCodings = codings;
  }
  return codings;
}

// Requests in a row mostly come from one kind of client.
let lastField = "";
let lastCodings: readonly ContentCoding[] = [];

function negotiate(field: string, offered: readonly ContentCoding[]): readonly ContentCoding[] {
  const weights = new Map<string, number>();
  for (const part of field.split(",")) {
    const text = part.trim();
    // Empty elements count for nothing (RFC 9110 §5.6.1.2).
    if (text === "") continue;
    const found = item.exec(text);
    if (found === null) return [];
    const name = found[1]!.toLowerCase();
    weights.set(name === "x-gzip" ? "gzip" : name, Number(found[2] ?? 1));
  }
  const any = weights.get("*") ?? 0;
  const identity = weights.get("identity") ?? 0;
  const weighed = offered.flatMap((coding) => {
    const weight = weights.get(coding) ?? any;
    return weight > 0 && weight >= identity ? [{ coding, weight }] : [];
  });
  return weighed.sort((a, b) => b.weight - a.weight).map(({ coding }) => coding);
}
