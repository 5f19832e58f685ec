import { filetype } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import type { FileSystem, Handle } from "./file-system.ts";
import { open } from "./open-flags.ts";
import { atEndOfLinks, atPlace, type Place } from "./resolve.ts";
import type { FileStatus } from "./status.ts";

/** How to open a path. */
export interface OpenRequest {
  /** Whether a symbolic link at the end is followed. */
  readonly follow: boolean;
  readonly create: boolean;
  /** With `create`: there must be nothing yet. */
  readonly exclusive: boolean;
  readonly truncate: boolean;
  /** Only a directory will do. */
  readonly directory: boolean;
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
}

export interface Opened {
  readonly handle: Handle;
  readonly directory: boolean;
}

/**
 * Opens a regular file, a directory, /dev/null or /dev/zero beneath `root`. Anything else is refused before it is opened, since
 * opening alone may block (FIFO) or act (device), and once more after, since it may have been swapped in between: O_NONBLOCK keeps
 * that from blocking.
 */
export function openPath(files: FileSystem, root: Handle, path: string, request: OpenRequest): Opened | Result {
  if (request.create && request.directory) return -errno.INVAL;
  let opened: Opened | undefined;
  const act = (place: Place, status: FileStatus | Result): Result => {
    const refused = typeof status === "number" ? refusalOfNew(status, place, request) : refusal(status, place, request);
    if (refused < 0) return refused;
    const handle = files.open(place.directory, place.name, hostFlags(status, request), 0o666);
    if (handle < 0) return handle;
    const now = files.statusOf(handle);
    const failure = typeof now === "number" ? now : finish(files, handle, now, place, request);
    if (failure < 0) files.close(handle);
    else opened = { handle, directory: typeof now !== "number" && now.type === filetype.directory };
    return failure;
  };
  // A trailing slash asks for what the link leads to (POSIX, pathname resolution); O_EXCL for what is there itself.
  const follow = (request.follow || path.endsWith("/")) && !(request.create && request.exclusive);
  const result = follow
    ? atEndOfLinks(files, root, path, act)
    : atPlace(files, root, path, (place) => act(place, files.statusAt(place.directory, place.name)));
  return opened ?? result;
}

/** Why nothing can be created, in the place where there is nothing. */
function refusalOfNew(status: Result, place: Place, request: OpenRequest): Result {
  if (status !== -errno.NOENT || !request.create) return status;
  return place.slash ? -errno.ISDIR : 0;
}

/** Why what is there cannot be opened. */
function refusal(status: FileStatus, place: Place, request: OpenRequest): Result {
  if (request.create && request.exclusive) return -errno.EXIST;
  switch (status.type) {
    case filetype.directory:
      return request.create || request.write || request.truncate ? -errno.ISDIR : 0;
    case filetype.symbolicLink:
      return request.directory ? -errno.NOTDIR : -errno.LOOP;
    case filetype.regularFile:
      return request.directory || place.slash ? -errno.NOTDIR : 0;
    default:
      if (request.directory || place.slash) return -errno.NOTDIR;
      return status.isHarmlessDevice === true ? 0 : -errno.ACCES;
  }
}

function hostFlags(status: FileStatus | Result, request: OpenRequest): number {
  const always = open.noFollow | open.nonblock | open.noTerminal;
  if (typeof status !== "number" && status.type === filetype.directory) return always | open.directory | open.readOnly;
  const write = request.write || request.truncate;
  return (
    always |
    (!write ? open.readOnly : request.read ? open.readWrite : open.writeOnly) |
    (request.create ? open.create : 0) |
    (request.create && request.exclusive ? open.exclusive : 0) |
    (request.append ? open.append : 0)
  );
}

/** The second check, and truncation only after it: O_TRUNC would have come before. */
function finish(files: FileSystem, handle: Handle, now: FileStatus, place: Place, request: OpenRequest): Result {
  if (now.type === filetype.directory) return 0;
  if (request.directory || place.slash) return -errno.NOTDIR;
  if (now.isHarmlessDevice === true) return 0;
  if (now.type !== filetype.regularFile) return -errno.ACCES;
  return request.truncate ? files.truncate(handle, 0n) : 0;
}
