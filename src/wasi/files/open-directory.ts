import { type Descriptor, fdflags, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import type { FileSystem, Handle, NewTime } from "./file-system.ts";
import { HeldHandle } from "./held-handle.ts";
import type { Mount } from "./mount.ts";
import { OpenFile } from "./open-file.ts";
import { openPath } from "./open-path.ts";
import type { DirectoryEntry } from "./read-directory.ts";
import { atEndOfLinks, atPlace, type Place } from "./resolve.ts";
import { allRights, directoryRights, fileRights, rights as right, writeRights } from "./rights.ts";
import type { FileStatus } from "./status.ts";

/** How a guest asks for a path to be opened. */
export interface GuestOpen {
  readonly follow: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly directory: boolean;
  /** {@link right}: reading and writing are what these say. */
  readonly rights: number;
  /** {@link fdflags} */
  readonly flags: number;
}

/** What a directory descriptor starts with. */
export interface DirectoryOptions {
  /** The guest's path of a preopened directory. */
  readonly preopen?: string;
  readonly inheriting?: number;
  readonly flags?: number;
}

/**
 * A directory that a guest has open, and the operations on paths beneath it. No path leads out of it, not even into the
 * directory above it that the guest has open as well: an fd is a capability for what is beneath it.
 */
export class OpenDirectory implements Descriptor {
  readonly type = filetype.directory;
  wake: (() => void) | undefined = undefined;
  readonly mount: Mount;
  /** The guest's path if it is a preopen; undefined for what the guest opened. */
  readonly preopen: string | undefined;
  flags: number;
  /** What this descriptor may do. */
  rights: number = directoryRights;
  /** What descriptors opened beneath may do at most. */
  inheriting: number;
  readonly #files: FileSystem;
  readonly #held: HeldHandle;

  /** Takes the handle over. */
  constructor(handle: Handle, mount: Mount, { preopen, inheriting = allRights, flags = 0 }: DirectoryOptions = {}) {
    this.#held = new HeldHandle(mount.files, handle);
    this.#files = mount.files;
    this.mount = mount;
    this.preopen = preopen;
    this.inheriting = inheriting;
    this.flags = flags;
  }

  read(): Result {
    return -errno.ISDIR;
  }

  write(): Result {
    return -errno.ISDIR;
  }

  poll(): Readiness {
    return { bytes: 1, hangup: false };
  }

  close(): void {
    this.#held.close();
  }

  open(path: string, request: GuestOpen): OpenFile | OpenDirectory | Result {
    const write = (request.rights & right.write) !== 0;
    const denied =
      this.#may(right.open) ??
      (request.create ? this.#may(right.createFile) : undefined) ??
      (request.truncate ? this.#may(right.pathSetSize) : undefined);
    if (denied !== undefined) return denied;
    if ((request.rights & ~this.inheriting) !== 0) return -errno.NOTCAPABLE;
    if (this.mount.readOnly && (request.create || request.truncate || write)) return -errno.ROFS;
    const read = (request.rights & right.read) !== 0;
    const append = (request.flags & fdflags.append) !== 0;
    const opened = openPath(this.#files, this.#held.number, path, { ...request, read, write, append });
    if (typeof opened === "number") return opened;
    if (opened.directory) {
      return new OpenDirectory(opened.handle, this.mount, { inheriting: this.inheriting, flags: request.flags });
    }
    const without = (read ? 0 : right.read) | (write ? 0 : writeRights);
    return new OpenFile(opened.handle, this.mount, fileRights & this.inheriting & ~without, request.flags);
  }

  makeDirectory(path: string): Result {
    return (
      this.#may(right.createDirectory) ??
      this.#at(path, (place) => {
        if (!this.mount.readOnly) return this.#files.makeDirectory(place.directory, place.name);
        // `mkdir -p` and its like go on at EXIST only.
        return typeof this.#files.statusAt(place.directory, place.name) === "number" ? -errno.ROFS : -errno.EXIST;
      })
    );
  }

  removeDirectory(path: string): Result {
    return (
      this.#mayWrite(right.removeDirectory) ??
      this.#at(path, ({ directory, name }) => this.#files.remove(directory, name, "directory"))
    );
  }

  unlink(path: string): Result {
    return (
      this.#mayWrite(right.unlinkFile) ??
      this.#at(path, (place) => {
        if (!place.slash) return this.#files.remove(place.directory, place.name, "file");
        const status = this.#files.statusAt(place.directory, place.name);
        if (typeof status === "number") return status;
        return status.type === filetype.directory ? -errno.ISDIR : -errno.NOTDIR;
      })
    );
  }

  /** Renames to a path beneath another directory of the same mount; -XDEV to another mount, whatever their modes. */
  rename(path: string, to: OpenDirectory, newPath: string): Result {
    if (to.mount !== this.mount) return -errno.XDEV;
    return (
      this.#mayWrite(right.renameSource) ??
      to.#mayWrite(right.renameTarget) ??
      this.#at(path, (from) =>
        to.#at(newPath, (place) =>
          this.#files.rename(from.directory, withSlash(from), place.directory, withSlash(place)),
        ),
      )
    );
  }

  /** Makes a hard link beneath another directory of the same mount; -XDEV to another mount, whatever their modes. */
  link(path: string, follow: boolean, to: OpenDirectory, newPath: string): Result {
    if (to.mount !== this.mount) return -errno.XDEV;
    const make = (from: Place, status: FileStatus | Result): Result => {
      if (typeof status === "number") return status;
      if (from.slash && status.type !== filetype.directory) return -errno.NOTDIR;
      return to.#atNew(newPath, (place) => this.#files.link(from.directory, from.name, place.directory, place.name));
    };
    return this.#mayWrite(right.linkSource) ?? to.#mayWrite(right.linkTarget) ?? this.#atStatus(path, follow, make);
  }

  /** An absolute target is refused: it would mean something else to the host's programs than to the guest's. */
  makeSymbolicLink(target: string, path: string): Result {
    if (target.startsWith("/")) return -errno.PERM;
    if (target.includes("\0")) return -errno.INVAL;
    return (
      this.#mayWrite(right.symbolicLink) ??
      this.#atNew(path, ({ directory, name }) => this.#files.makeSymbolicLink(target, directory, name))
    );
  }

  /** Copies a link's text into the buffer, cut off where the buffer ends (readlink(2)); the number of bytes. */
  readLink(path: string, buffer: Uint8Array): Result {
    return (
      this.#may(right.readLink) ??
      this.#at(path, ({ directory, name, slash }) => {
        // A trailing slash asks for what the link leads to, and that is no link.
        if (slash) return -errno.INVAL;
        const text = this.#files.readLink(directory, name);
        if (typeof text === "number") return text;
        const part = text.subarray(0, buffer.length);
        buffer.set(part);
        return part.length;
      })
    );
  }

  /** The status of what is at a path. */
  statusAt(path: string, follow: boolean): FileStatus | Result {
    let found: FileStatus | undefined;
    const result =
      this.#may(right.pathStatus) ??
      this.#atStatus(path, follow, (place, status) => {
        if (typeof status === "number") return status;
        if (place.slash && status.type !== filetype.directory) return -errno.NOTDIR;
        found = status;
        return 0;
      });
    return found ?? result;
  }

  setTimesAt(path: string, follow: boolean, accessed: NewTime, modified: NewTime): Result {
    return (
      this.#mayWrite(right.pathSetTimes) ??
      this.#atStatus(path, follow, ({ directory, name, slash }, status) => {
        if (typeof status === "number") return status;
        if (slash && status.type !== filetype.directory) return -errno.NOTDIR;
        return this.#files.setTimesAt(directory, name, accessed, modified);
      })
    );
  }

  /** The status of the directory itself. */
  status(): FileStatus | Result {
    return this.#may(right.status) ?? this.#files.statusOf(this.#held.number);
  }

  setTimes(accessed: NewTime, modified: NewTime): Result {
    return this.#mayWrite(right.setTimes) ?? this.#files.setTimesOf(this.#held.number, accessed, modified);
  }

  synchronize(what: "all" | "data"): Result {
    return this.#may(what === "all" ? right.sync : right.dataSync) ?? this.#files.synchronize(this.#held.number, what);
  }

  /** The same by another thread, where there is one for it. */
  async synchronizeLater(what: "all" | "data"): Promise<Result> {
    const { later } = this.#files;
    const denied = this.#may(what === "all" ? right.sync : right.dataSync);
    if (denied !== undefined) return denied;
    return later === undefined ? 0 : this.#held.during(later.synchronize(this.#held.number, what));
  }

  /**
   * Hands out entries from a cookie on (0 is the start) until `take` returns false or the end is reached; 0 or -errno.
   * `.` and `..` are among them, and the order is the file system's. `bytesMax` says about how many will be wanted.
   */
  readEntries(cookie: bigint, bytesMax: number, take: (entry: DirectoryEntry) => boolean): Result {
    return this.#may(right.readDirectory) ?? this.#files.readDirectory(this.#held.number, cookie, bytesMax, take);
  }

  /** Shrinks the rights; -NOTCAPABLE when asked for more than there are. */
  limitRights(rights: number, inheriting: number): Result {
    if ((rights & ~this.rights) !== 0 || (inheriting & ~this.inheriting) !== 0) return -errno.NOTCAPABLE;
    this.rights = rights;
    this.inheriting = inheriting;
    return 0;
  }

  #may(needed: number): Result | undefined {
    return (this.rights & needed) !== 0 ? undefined : -errno.NOTCAPABLE;
  }

  #mayWrite(needed: number): Result | undefined {
    return this.mount.readOnly ? -errno.ROFS : this.#may(needed);
  }

  #at(path: string, act: (place: Place) => Result): Result {
    return atPlace(this.#files, this.#held.number, path, act);
  }

  /** With the status of what is there, at the end of links if asked for, or by a trailing slash. */
  #atStatus(path: string, follow: boolean, act: (place: Place, status: FileStatus | Result) => Result): Result {
    if (follow || path.endsWith("/")) return atEndOfLinks(this.#files, this.#held.number, path, act);
    return this.#at(path, (place) => act(place, this.#files.statusAt(place.directory, place.name)));
  }

  /** For what makes a new file that is no directory, so that a trailing slash can only be wrong. */
  #atNew(path: string, act: (place: Place) => Result): Result {
    return this.#at(path, (place) => {
      if (!place.slash) return act(place);
      const status = this.#files.statusAt(place.directory, place.name);
      if (typeof status === "number") return status;
      return status.type === filetype.directory ? -errno.EXIST : -errno.NOTDIR;
    });
  }
}

/** For rename(), which never follows the last component but checks that it is a directory when a slash ends it. */
function withSlash({ name, slash }: Place): string {
  return slash ? `${name}/` : name;
}
