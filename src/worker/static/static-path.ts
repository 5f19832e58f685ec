/** Where a request's path leads beneath a site's directory, or that it leads nowhere. */
export type StaticPath =
  /** Relative, without a slash at either end; empty for the directory itself. `slash`: the request's ended in one. */
  | { readonly kind: "path"; readonly path: string; readonly slash: boolean }
  /** 400: no two readers need agree on what it means. 404: such a name is never served. */
  | { readonly kind: "refused"; readonly status: 400 | 404 };

/** RFC 8615: the one name with a dot that is there for clients. */
const wellKnown = ".well-known";

/** Nothing to decode, and nothing that some reader takes for something else. */
const plain = /^[!-$&-[\]-~]*$/;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the path of a request in origin form, without its query, behind the prefix that the route matched. Percent-encoding is
 * undone once (RFC 3986 §2.4); what is encoded must be UTF-8 and not a `/`, a `\` or a NUL. Dot segments are refused, since
 * every client resolves them before it asks (RFC 3986 §5.2.4), and so is what is not in the form that a file's name has: empty
 * segments, and names that begin with a dot.
 */
export function staticPath(path: string, mountedAt: string): StaticPath {
  const rest = path.slice(mountedAt.length);
  // The prefix itself, without a slash behind it.
  if (rest === "") return { kind: "path", path: "", slash: false };
  const decoded = plain.test(rest) ? rest : decode(rest);
  if (decoded === undefined || !decoded.startsWith("/")) return { kind: "refused", status: 400 };
  const slash = decoded.endsWith("/");
  const relative = decoded.slice(1, slash ? Math.max(1, decoded.length - 1) : decoded.length);
  if (relative === "") return decoded === "/" ? { kind: "path", path: "", slash } : { kind: "refused", status: 404 };
  let status: 400 | 404 | undefined;
  for (const [index, segment] of relative.split("/").entries()) {
    if (segment === "." || segment === "..") return { kind: "refused", status: 400 };
    if (segment === "" || (segment.startsWith(".") && (index > 0 || segment !== wellKnown))) status = 404;
  }
  return status === undefined ? { kind: "path", path: relative, slash } : { kind: "refused", status };
}

/** Undefined for what is not well-formed. Each character of the path stands for one byte, as it came. */
function decode(path: string): string | undefined {
  const bytes = new Uint8Array(path.length);
  let length = 0;
  for (let at = 0; at < path.length; at++) {
    let byte = path.charCodeAt(at);
    if (byte === 0x25) {
      const digits = path.slice(at + 1, at + 3);
      if (!/^[0-9a-f]{2}$/i.test(digits)) return undefined;
      byte = Number.parseInt(digits, 16);
      at += 2;
      if (byte === 0x2f) return undefined;
    }
    if (byte === 0 || byte === 0x5c || byte > 0xff) return undefined;
    bytes[length++] = byte;
  }
  try {
    return utf8.decode(bytes.subarray(0, length));
  } catch {
    return undefined;
  }
}
