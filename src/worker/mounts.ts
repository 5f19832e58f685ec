import { accessSync, closeSync, constants, fstatSync, statSync } from "node:fs";
import { assert } from "../base/assert.ts";
import { WarrenError } from "../base/errors.ts";
import { mapSharedPage } from "../base/shared-page.ts";
import { type HostMount, type MountSpec, openMounts } from "../wasi/files/mount.ts";
import { VolumeAccount } from "../wasi/files/volume-account.ts";
import type { InstanceMount } from "./protocol.ts";

/** The accounts of this worker's volumes, one for each page however often it is given. */
export class VolumeAccounts {
  /** By inode of the page. Kept for good, as its mapping is. */
  readonly #accounts = new Map<number, VolumeAccount>();

  /** Closes the page's descriptor. */
  of(page: number): VolumeAccount {
    const { ino } = fstatSync(page);
    const account = this.#accounts.get(ino) ?? new VolumeAccount(mapSharedPage(page));
    this.#accounts.set(ino, account);
    closeSync(page);
    return account;
  }
}

/** The mounts of one guest, with the volumes among them open for as long as it may be started. */
export class GuestMounts {
  readonly specs: readonly MountSpec[];
  readonly #directories: number[] = [];

  /** Takes over the descriptors: directory and page of each volume, in the order of the mounts. */
  constructor(mounts: readonly InstanceMount[], descriptors: readonly number[], accounts: VolumeAccounts) {
    const left = [...descriptors];
    this.specs = mounts.map((mount) => {
      if (!("source" in mount)) return mount;
      const { volume, ...host } = mount;
      if (volume === undefined) return host;
      const [directory, page] = left.splice(0, 2);
      assert(directory !== undefined && page !== undefined, "each volume comes with its descriptors");
      this.#directories.push(directory);
      return { ...host, source: `the volume ${volume}`, volume: { directory, account: accounts.of(page) } };
    });
  }

  /**
   * Whether this worker can give them to the guest, with its own user's rights. Throws `mount.*`; `mount.denied` names the
   * user, since it is not the one that started the daemon.
   */
  check(): void {
    for (const mount of this.specs) if ("source" in mount) checkMount(mount);
    // Once more together: they must not contain each other.
    for (const directory of openMounts(this.specs)) directory.close();
  }

  close(): void {
    for (const fd of this.#directories.splice(0)) closeSync(fd);
  }
}

function checkMount(mount: HostMount): void {
  const { source, mode, volume } = mount;
  try {
    for (const directory of openMounts([mount])) directory.close();
    // Made for the user that workers run as.
    if (volume !== undefined) return;
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
