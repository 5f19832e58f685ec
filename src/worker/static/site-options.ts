/** How a directory is served, besides where it is. */
export interface SiteOptions {
  /** The file, beneath the directory, that answers a navigation to what is not there. */
  readonly spa?: string;
  /** For how long clients may use what they have without asking again; pages always ask. Seconds; nothing is said when absent. */
  readonly cacheSeconds?: number;
  /** Path prefix, beneath the directory, of files whose names change with their content. */
  readonly immutable?: string;
}

/** What is asked for when a path ends in a slash. */
export const indexName = "index.html";

/** A year, as RFC 9111 §1.2.2 knows no "forever". */
const foreverSeconds = 31_536_000;

/** The value of Cache-Control for a file; undefined for none. */
export function cacheControl({ cacheSeconds, immutable }: SiteOptions, path: string, type: string): string | undefined {
  if (immutable !== undefined && path.startsWith(immutable)) return `max-age=${foreverSeconds}, immutable`;
  if (cacheSeconds === undefined) return undefined;
  // Pages name all else: an old one would ask for files that are no more.
  return type.startsWith("text/html") ? "no-cache" : `max-age=${cacheSeconds}`;
}
