import { realpathSync } from "node:fs";
import { posix } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import { filetype } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { closeFile, openAt, statusOf } from "./calls.ts";
import type { FileSystem } from "./file-system.ts";
import { HostFiles } from "./host-files.ts";
import { MemoryFiles } from "./memory-files.ts";
import { OpenDirectory } from "./open-directory.ts";
import { open } from "./open-flags.ts";
import { SingleFiles } from "./single-files.ts";
import type { VolumeAccount } from "./volume-account.ts";
import { VolumeFiles } from "./volume-files.ts";

/** A directory of the host's, or one regular file: of a file's directory the guest sees nothing else. */
export interface HostMount {
  /** Absolute or relative to the working directory. */
  readonly source: string;
  /** Where the guest sees it, such as `/data` or `/etc/app.conf`. */
  readonly target: string;
  readonly mode: "ro" | "rw";
  /** A volume: then the source is what messages call it. */
  readonly volume?: OpenVolume;
}

/** A directory that is open already, and stays the caller's, with the account of what is in it. */
export interface OpenVolume {
  readonly directory: number;
  readonly account: VolumeAccount;
}

/** A directory in memory: empty at first, for reading and writing, gone with the instance. */
export interface MemoryMount {
  readonly target: string;
  /** What it may hold, names included. Bytes. */
  readonly tmpBytesMax: number;
}

export type MountSpec = HostMount | MemoryMount;

/** What all directories and files opened beneath one mount share. */
export interface Mount {
  readonly target: string;
  readonly readOnly: boolean;
  readonly files: FileSystem;
}

const hostFiles: FileSystem = new HostFiles();

export interface MountOptions {
  /** Nanoseconds since 1970, for files in memory. */
  readonly now?: () => bigint;
}

/**
 * Opens all directories of a guest, or none; the caller closes them, as a rule by the descriptor table. Links on the way to a
 * source are followed: it is the operator's path. Files that share a target's directory come in one. Errors:
 * `mount.missing`, `mount.unusable` (neither a directory nor a file), `mount.denied`, and `mount.overlap`: a read-only source
 * inside of a read-write one could be written through the outer, and a file cannot be laid over another mount.
 */
export function openMounts(specs: readonly MountSpec[], { now = wallClock }: MountOptions = {}): OpenDirectory[] {
  const opened: OpenDirectory[] = [];
  /** By the directory that the guest sees them in. */
  const singles = new Map<string, { files: SingleFiles; writable: boolean }>();
  try {
    for (const [index, spec] of specs.entries()) {
      if ("tmpBytesMax" in spec) {
        opened.push(openMemory(spec, now, index));
        continue;
      }
      const source = openSource(spec);
      if (source.directory) {
        opened.push(rootOf(filesOf(spec), source.fd, spec.target, spec.mode === "ro"));
        continue;
      }
      const { directory, name } = splitTarget(spec.target);
      const group = singles.get(directory) ?? { files: new SingleFiles(BigInt(index)), writable: false };
      singles.set(directory, group);
      group.writable ||= spec.mode === "rw";
      if (name === undefined || !group.files.add(name, source.fd, spec.mode)) {
        closeFile(source.fd);
        throw name === undefined ? notAPlace(spec) : sameTarget(spec.target);
      }
    }
    for (const [directory, { files, writable }] of singles)
      opened.push(rootOf(files, files.root, directory, !writable));
    singles.clear();
    refuseOverlap(specs);
    refuseSameTarget(opened);
    return opened;
  } catch (error) {
    for (const directory of opened) directory.close();
    for (const { files } of singles.values()) files.close(files.root);
    throw error;
  }
}

/** One directory of the host's. Throws as {@link openMounts} does. */
export function openMount(spec: HostMount, files: FileSystem = hostFiles): OpenDirectory {
  const { fd, directory } = openSource(spec);
  if (directory) return rootOf(files, fd, spec.target, spec.mode === "ro");
  closeFile(fd);
  throw unusable(spec);
}

function filesOf({ volume }: HostMount): FileSystem {
  return volume === undefined ? hostFiles : new VolumeFiles(volume.account);
}

function rootOf(files: FileSystem, handle: number, target: string, readOnly: boolean): OpenDirectory {
  return new OpenDirectory(handle, { target, readOnly, files }, { preopen: target });
}

function openMemory({ target, tmpBytesMax }: MemoryMount, now: () => bigint, index: number): OpenDirectory {
  const files = new MemoryFiles(tmpBytesMax, now, BigInt(index));
  return rootOf(files, files.root, target, false);
}

/** A directory for reading, a file as no more than a place in the file system (O_PATH). */
function openSource(spec: HostMount): { fd: number; directory: boolean } {
  const AT_FDCWD = -100;
  const [from, path] = spec.volume === undefined ? [AT_FDCWD, spec.source] : [spec.volume.directory, "."];
  const directory = openAt(from, path, open.readOnly | open.directory | open.nonblock);
  if (directory >= 0) return { fd: directory, directory: true };
  if (directory !== -errno.NOTDIR || spec.volume !== undefined || spec.source.endsWith("/"))
    throw mountError(directory, spec);
  const fd = openAt(AT_FDCWD, spec.source, open.path);
  if (fd < 0) throw mountError(fd, spec);
  const status = statusOf(fd);
  if (typeof status !== "number" && status.type === filetype.regularFile) return { fd, directory: false };
  closeFile(fd);
  throw unusable(spec);
}

/** The guest's directory of a mounted file, and its name there; no name when the path can only be a directory's. */
function splitTarget(target: string): { directory: string; name: string | undefined } {
  const name = posix.basename(target);
  return { directory: posix.dirname(target), name: name === "" || name === "." || name === ".." ? undefined : name };
}

function refuseOverlap(specs: readonly MountSpec[]): void {
  const real = specs.flatMap((spec) => {
    if (!("source" in spec)) return [];
    // A volume lies where only the daemon looks; nobody mounts what is in it by a path.
    return [{ spec, path: spec.volume === undefined ? realpathSync(spec.source) : spec.source }];
  });
  for (const inner of real) {
    if (inner.spec.mode !== "ro") continue;
    for (const outer of real) {
      if (outer.spec.mode !== "rw" || !isInside(inner.path, outer.path)) continue;
      throw new WarrenError(
        "mount.overlap",
        `${inner.spec.source} is mounted read-only on ${inner.spec.target} but lies inside of ${outer.spec.source}, which is mounted read-write on ${outer.spec.target}`,
        { hint: "Mount directories that do not contain each other, or the outer one read-only." },
      );
    }
  }
}

/** A program looks in the first or the last of two directories of one name, as its C library pleases. */
function refuseSameTarget(opened: readonly OpenDirectory[]): void {
  const seen = new Set<string>();
  for (const { preopen = "" } of opened) {
    const target = posix.normalize(`${preopen}/`);
    if (seen.has(target)) throw sameTarget(preopen);
    seen.add(target);
  }
}

function isInside(path: string, outer: string): boolean {
  return path === outer || path.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}

function sameTarget(target: string): WarrenError {
  return new WarrenError("mount.overlap", `two mounts have ${target} for their target or the directory of it`, {
    hint: "Mount a single file into a directory where nothing else is mounted.",
  });
}

function notAPlace({ source, target }: HostMount): WarrenError {
  return new WarrenError("mount.unusable", `cannot mount the file ${source} on ${target}: that is a directory`, {
    hint: "A file's target is the file's own path in the guest, such as /etc/app.conf.",
  });
}

function unusable({ source, target }: HostMount): WarrenError {
  return new WarrenError(
    "mount.unusable",
    `cannot mount ${source} on ${target}: it is neither a directory nor a file`,
    {
      hint: "Devices, sockets and FIFOs are not given to guests.",
    },
  );
}

function mountError(failure: number, { source, target }: HostMount): WarrenError {
  const what = `cannot mount ${source} on ${target}: `;
  switch (-failure) {
    case errno.NOENT:
      return new WarrenError("mount.missing", `${what}there is no such file or directory`, { hint: "Make it first." });
    case errno.NOTDIR:
      return new WarrenError("mount.not-a-directory", `${what}a part of its path is not a directory`);
    default:
      return new WarrenError("mount.denied", `${what}the system denies it (errno ${-failure} of WASI)`, {
        hint: "The user that Warren runs as must be able to open it.",
      });
  }
}

function wallClock(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
