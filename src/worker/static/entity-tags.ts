/** RFC 9110 §8.8.3: `"..."`, or `W/"..."` for one that may stand for two contents. */
const tag = /(W\/)?"([!\x23-\x7e\x80-\xff]*)"/y;
const separator = /[ \t]*(?:,[ \t]*)*/y;

/**
 * Whether a list of entity tags, as If-Match and If-None-Match carry it, holds this one; `*` holds every one. The strong
 * comparison counts weak tags for nothing (RFC 9110 §8.8.3.2). Undefined for what is no list.
 */
export function listsTag(list: string, entityTag: string, comparison: "strong" | "weak"): boolean | undefined {
  if (list === "*") return true;
  if (list === entityTag && (comparison === "weak" || !isWeak(entityTag))) return true;
  const wanted = isWeak(entityTag) ? entityTag.slice(2) : entityTag;
  const usable = comparison === "weak" || !isWeak(entityTag);
  let found = false;
  let at = skip(list, 0);
  if (at === list.length) return undefined;
  while (at < list.length) {
    tag.lastIndex = at;
    const match = tag.exec(list);
    if (match === null) return undefined;
    if (usable && (comparison === "weak" || match[1] === undefined) && `"${match[2]}"` === wanted) found = true;
    const end = tag.lastIndex;
    at = skip(list, end);
    if (at < list.length && !list.slice(end, at).includes(",")) return undefined;
  }
  return found;
}

export function isWeak(entityTag: string): boolean {
  return entityTag.startsWith("W/");
}

function skip(list: string, from: number): number {
  separator.lastIndex = from;
  separator.test(list);
  return Math.max(from, separator.lastIndex);
}
