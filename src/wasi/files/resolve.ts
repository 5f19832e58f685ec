import { filetype } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { closeFile, open, openBeneath, readLinkText, statusAt } from "./calls.ts";
import { resolveByKernel } from "./resolve-kernel.ts";
import { resolveByWalk } from "./resolve-walk.ts";
import type { FileStatus } from "./status.ts";

/**
 * Opens the directory at a relative path, symbolic links followed, with O_PATH; the caller closes it. What leads out of
 * `root` at any step (`..`, absolute links, links of /proc) is -PERM or -LOOP, whatever happens to the tree meanwhile.
 * `resolve.suite.ts` is the contract.
 */
export type Resolver = (root: number, path: string) => Result;

/** Links followed in one path: openat2 allows 40, wasi-libc's own limit is 32. */
const linksMax = 32;

/** The kernel's own resolution where it has openat2 (Linux 5.6, and no seccomp filter that denies it), else the walk. */
export const resolve: Resolver = kernelResolves() ? resolveByKernel : resolveByWalk;

function kernelResolves(): boolean {
  const AT_FDCWD = -100;
  const fd = openBeneath(AT_FDCWD, ".", open.path | open.directory);
  if (fd >= 0) closeFile(fd);
  return fd !== -errno.NOSYS && fd !== -errno.PERM && fd !== -errno.INVAL;
}

/**
 * Where a path ends: a directory, and the one component that an operation then does with it, by a call that follows no
 * links. That makes every operation race-free: whoever swaps the component for a link meanwhile has the link itself
 * operated on, inside of the root.
 */
export interface Place {
  readonly directory: number;
  /** Never empty, `..` or holding a slash; `.` when the path ended in `.` or `..`. */
  readonly name: string;
  /** The path ended in a slash: only a directory will do. */
  readonly slash: boolean;
}

/** The place of a path whose last component is not followed. */
export function atPlace(resolver: Resolver, root: number, path: string, act: (place: Place) => Result): Result {
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
  const directory = resolver(root, parent);
  if (directory < 0) return directory;
  try {
    return act({ directory, name, slash });
  } finally {
    closeFile(directory);
  }
}

/**
 * The place that a path leads to when its last component is followed too, with the status of what is there: a negated
 * errno where there is nothing (the last link of a chain may dangle).
 */
export function atEndOfLinks(
  resolver: Resolver,
  root: number,
  path: string,
  act: (place: Place, status: FileStatus | Result) => Result,
): Result {
  for (let links = 0; links <= linksMax; links++) {
    let next: string | undefined;
    const result = atPlace(resolver, root, path, (place) => {
      const status = statusAt(place.directory, place.name);
      if (typeof status === "number" || status.type !== filetype.symbolicLink) return act(place, status);
      const text = readLinkText(place.directory, place.name);
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
