import { realpathSync } from "node:fs";
import { WarrenError } from "../../base/errors.ts";
import { errno } from "../errno.ts";
import { open, openAt } from "./calls.ts";
import { OpenDirectory } from "./open-directory.ts";
import { type Resolver, resolve } from "./resolve.ts";

export interface MountSpec {
  /** The host's directory, absolute or relative to the working directory. */
  readonly source: string;
  /** Where the guest sees it, such as `/data`. */
  readonly target: string;
  readonly mode: "ro" | "rw";
}

/** What all directories and files opened beneath one mount share. */
export interface Mount {
  readonly target: string;
  readonly readOnly: boolean;
  readonly resolve: Resolver;
}

/**
 * Opens a host directory for a guest; the caller closes it, as a rule by the descriptor table. Links on the way to the
 * source are followed: it is the operator's path. Errors: `mount.missing`, `mount.not-a-directory`, `mount.denied`.
 */
export function openMount({ source, target, mode }: MountSpec, resolver: Resolver = resolve): OpenDirectory {
  const AT_FDCWD = -100;
  const fd = openAt(AT_FDCWD, source, open.readOnly | open.directory | open.nonblock);
  if (fd < 0) throw mountError(fd, source, target);
  return new OpenDirectory(fd, { target, readOnly: mode === "ro", resolve: resolver }, { preopen: target });
}

/**
 * Opens all directories of a guest, or none. Besides the errors of {@link openMount} there is `mount.overlap`: a
 * read-only source inside of a read-write one could be written through the outer.
 */
export function openMounts(specs: readonly MountSpec[]): OpenDirectory[] {
  const opened: OpenDirectory[] = [];
  try {
    for (const spec of specs) opened.push(openMount(spec));
    refuseOverlap(specs);
    return opened;
  } catch (error) {
    for (const directory of opened) directory.close();
    throw error;
  }
}

function refuseOverlap(specs: readonly MountSpec[]): void {
  const real = specs.map((spec) => ({ spec, path: realpathSync(spec.source) }));
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

function isInside(path: string, outer: string): boolean {
  return path === outer || path.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}

function mountError(failure: number, source: string, target: string): WarrenError {
  const what = `cannot mount ${source} on ${target}: `;
  switch (-failure) {
    case errno.NOENT:
      return new WarrenError("mount.missing", `${what}there is no such directory`, { hint: "Make it first." });
    case errno.NOTDIR:
      return new WarrenError("mount.not-a-directory", `${what}it is not a directory`, {
        hint: "Mount the directory that holds the file.",
      });
    default:
      return new WarrenError("mount.denied", `${what}the system denies it (errno ${-failure} of WASI)`, {
        hint: "The user that Warren runs as must be able to list it.",
      });
  }
}
