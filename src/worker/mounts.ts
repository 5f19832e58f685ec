import { accessSync, constants, statSync } from "node:fs";
import { WarrenError } from "../base/errors.ts";
import { type HostMount, openMounts } from "../wasi/files/mount.ts";
import type { InstanceSpec } from "./protocol.ts";

/**
 * Whether this worker can give a guest its directories and files, with its own user's rights. Throws `mount.*`; `mount.denied` names
 * the user, since it is not the one that started the daemon.
 */
export function checkMounts({ mounts }: InstanceSpec): void {
  for (const mount of mounts) {
    if ("source" in mount) checkMount(mount);
  }
  // Once more together: they must not contain each other.
  for (const directory of openMounts(mounts)) directory.close();
}

function checkMount(mount: HostMount): void {
  const { source, mode } = mount;
  try {
    for (const directory of openMounts([mount])) directory.close();
    const directory = statSync(source).isDirectory();
    accessSync(source, constants.R_OK);
    if (mode === "rw") accessSync(source, directory ? constants.W_OK | constants.X_OK : constants.W_OK);
  } catch (error) {
    // Else a WarrenError that says something different, such as that there is none.
    const denied = !(error instanceof WarrenError) || error.code === "mount.denied";
    throw denied ? deniedTo(process.getuid?.() ?? -1, mount, error) : error;
  }
}

function deniedTo(user: number, { source, target, mode }: HostMount, cause: unknown): WarrenError {
  const what = mode === "rw" ? "read and write" : "read";
  return new WarrenError(
    "mount.denied",
    `cannot mount ${source} on ${target}: workers run as user ${user}, which may not ${what} it`,
    {
      status: 422,
      hint: `give it the right: setfacl -R -m u:${user}:${mode === "rw" ? "rwX" : "rX"} ${source}, or chown or chmod it; every directory above must let it through (x)`,
      cause,
    },
  );
}
