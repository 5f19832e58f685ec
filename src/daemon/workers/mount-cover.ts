import { statSync } from "node:fs";
import type { InstanceMount, MountedPath } from "../../worker/protocol.ts";

/** A directory or file that a worker's landlock rules name. They hold for what it is, not for its name. */
export interface GrantedMount extends MountedPath {
  /** Undefined when there was no such directory at the launch, and so no rule. */
  readonly inode: string | undefined;
}

export function identifyMounts(mounts: readonly MountedPath[]): GrantedMount[] {
  return mounts.map((mount) => ({ ...mount, inode: inodeOf(mount.source) }));
}

/** Whether a worker may give a guest these directories. One that does not exist is for the worker to complain about. */
export function coversMounts(granted: readonly GrantedMount[], wanted: readonly MountedPath[]): boolean {
  return wanted.every(({ source, mode }) => {
    const inode = inodeOf(source);
    return inode === undefined || granted.some((one) => one.inode === inode && (one.mode === "rw" || mode === "ro"));
  });
}

/** Of what a guest is given to see, what is the host's. */
export function hostPaths(mounts: readonly InstanceMount[]): MountedPath[] {
  return mounts.flatMap((mount) => ("source" in mount ? [{ source: mount.source, mode: mount.mode }] : []));
}

/** Each directory once; read-write where anyone writes. */
export function unionOfMounts(lists: Iterable<readonly MountedPath[]>): MountedPath[] {
  const union = new Map<string, MountedPath>();
  for (const mounts of lists)
    for (const { source, mode } of mounts) if (mode === "rw" || !union.has(source)) union.set(source, { source, mode });
  return [...union.values()];
}

function inodeOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
