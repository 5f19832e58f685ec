import { errno, type Result } from "../errno.ts";
import type { FileSystem, Handle } from "./file-system.ts";
import { open } from "./open-flags.ts";
import { readLinkText } from "./read-link-text.ts";

/** What the walk needs of a file system. */
export type WalkedFiles = Pick<FileSystem, "open" | "close" | "readLink">;

const linksMax = 32;
/** Directories held open at once: how deep a path may lead. */
const depthMax = 128;
/** PATH_MAX of Linux, as in the kernel's resolution. */
const pathBytesMax = 4096;
/** Components of a path and of all links in it: two PATH_MAX of single letters. */
const componentsMax = 4096;

/**
 * Resolution one component at a time, for kernels without openat2 and for files that are not the kernel's. No call follows a link: each is read and its text
 * walked. `..` goes back to the directory that the walk came from, never through the file system, so that a directory
 * moved out meanwhile does not lead out.
 */
export function resolveByWalk(files: WalkedFiles, root: Handle, path: string): Result {
  if (path.startsWith("/")) return -errno.PERM;
  if (Buffer.byteLength(path) >= pathBytesMax) return -errno.NAMETOOLONG;
  const walked: number[] = [root];
  try {
    const failure = walk(files, walked, path.split("/").reverse());
    if (failure < 0) return failure;
    if (walked.length > 1) return walked.pop() as number;
    return files.open(root, ".", open.path | open.directory);
  } finally {
    for (const fd of walked.splice(1)) files.close(fd);
  }
}

/** Goes down the components, of which the next is the last in the array; leaves the directories of the way in `walked`. */
function walk(files: WalkedFiles, walked: number[], pending: string[]): Result {
  let links = 0;
  for (let steps = 0; pending.length > 0; steps++) {
    if (steps === componentsMax) return -errno.NAMETOOLONG;
    const name = pending.pop() as string;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (walked.length === 1) return -errno.PERM;
      files.close(walked.pop() as number);
      continue;
    }
    const here = walked[walked.length - 1] as number;
    const fd = files.open(here, name, open.path | open.directory | open.noFollow);
    if (fd >= 0) {
      walked.push(fd);
      if (walked.length > depthMax) return -errno.NAMETOOLONG;
      continue;
    }
    // A link is "not a directory" to O_PATH | O_NOFOLLOW | O_DIRECTORY (open(2)).
    if (fd !== -errno.NOTDIR && fd !== -errno.LOOP) return fd;
    const text = readLinkText(files, here, name);
    if (text === -errno.INVAL) return -errno.NOTDIR;
    if (typeof text === "number") return text;
    if (++links > linksMax) return -errno.LOOP;
    if (text.startsWith("/")) return -errno.PERM;
    pending.push(...text.split("/").reverse());
  }
  return 0;
}
