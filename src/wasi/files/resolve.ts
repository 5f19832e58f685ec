import { filetype } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import type { FileSystem, Handle } from "./file-system.ts";
import { readLinkText } from "./read-link-text.ts";
import type { FileStatus } from "./status.ts";

/** Links followed in one path: openat2 allows 40, wasi-libc's own limit is 32. */
const linksMax = 32;

/**
 * Where a path ends: a directory, and the one component that an operation then does with it, by a call that follows no
 * links. That makes every operation race-free: whoever swaps the component for a link meanwhile has the link itself
 * operated on, inside of the root.
 */
export interface Place {
  readonly directory: Handle;
  /** Never empty, `..` or holding a slash; `.` when the path ended in `.` or `..`. */
  readonly name: string;
  /** The path ended in a slash: only a directory will do. */
  readonly slash: boolean;
}

/** The place of a path whose last component is not followed. */
export function atPlace(files: FileSystem, root: Handle, path: string, act: (place: Place) => Result): Result {
  if (path === "") return -errno.NOENT;
  if (path.startsWith("/")) return -errno.PERM;
  if (path.includes("\0")) return -errno.INVAL;
  let end = path.length;
  while (path.charCodeAt(end - 1) === slashCode) end--;
  const slash = end < path.length;
  const start = path.lastIndexOf("/", end - 1) + 1;
  let name = path.slice(start, end);
  let parent = path.slice(0, start);
  if (name === "." || name === "..") {
    parent = path.slice(0, end);
    name = ".";
  }
  // The root itself: the commonest case by far, and it needs no call.
  if (parent === "" || parent === ".") return act({ directory: root, name, slash });
  const directory = files.resolve(root, parent);
  if (directory < 0) return directory;
  try {
    return act({ directory, name, slash });
  } finally {
    files.close(directory);
  }
}

/**
 * The place that a path leads to when its last component is followed too, with the status of what is there: a negated
 * errno where there is nothing (the last link of a chain may dangle).
 */
export function atEndOfLinks(
  files: FileSystem,
  root: Handle,
  path: string,
  act: (place: Place, status: FileStatus | Result) => Result,
): Result {
  for (let links = 0; links <= linksMax; links++) {
    let next: string | undefined;
    const result = atPlace(files, root, path, (place) => {
      const status = files.statusAt(place.directory, place.name);
      if (typeof status === "number" || status.type !== filetype.symbolicLink) return act(place, status);
      const text = readLinkText(files, place.directory, place.name);
      // It may have been replaced since; then it is looked at again, as one more link.
      if (text === -errno.INVAL) next = path;
      else if (typeof text === "number") return text;
      else next = follow(path, text, place.slash);
      return 0;
    });
    if (next === undefined) return result;
    path = next;
  }
  return -errno.LOOP;
}

/** The path with its last component replaced by a link's text; absolute text stays absolute and is refused as such. */
function follow(path: string, text: string, slash: boolean): string {
  if (text.startsWith("/")) return text;
  let end = path.length;
  while (path.charCodeAt(end - 1) === slashCode) end--;
  return path.slice(0, path.lastIndexOf("/", end - 1) + 1) + text + (slash ? "/" : "");
}

const slashCode = 47;
