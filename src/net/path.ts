import { WarrenError } from "../base/errors.ts";

/**
 * The path as a recipient may read it that decodes before it removes dot segments (RFC 3986 §5.2.4). `separators` are
 * what counts as `/`. Throws `route.path` when it climbs above the root.
 */
function withoutDots(path: string, separators: RegExp): string {
  const kept: string[] = [];
  const segments = path.split(separators);
  for (let index = 1; index < segments.length; index++) {
    const segment = segments[index]!.replace(/%2e/gi, ".");
    const last = index === segments.length - 1;
    if (segment === "..") {
      if (kept.pop() === undefined) throw new WarrenError("route.path", "the path climbs above its root");
    }
    if (segment !== "." && segment !== "..") kept.push(segments[index]!);
    else if (last) kept.push("");
  }
  return `/${kept.join("/")}`;
}

/** The paths that recipients may make of a path with dot segments or escapes: none when they all agree on it. */
export function readings(path: string): string[] {
  const plain = withoutDots(path, /\//);
  const decoded = withoutDots(path, /\/|%2f|%5c/i);
  return [plain, decoded].filter((reading) => reading !== path);
}
