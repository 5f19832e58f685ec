import { opendir, rename, rmdir, unlink } from "node:fs/promises";
import { systemCode, WarrenError } from "../../base/errors.ts";
import { openDirectory } from "./measure.ts";

/** Times that the directory is gone through: more only if somebody goes on making files in it. */
const roundsMax = 100_000;

/**
 * Removes a directory and all in it. A guest may be at work there, or have made it a million levels deep: no link is followed,
 * no path is longer than a name, and what lies deeper is moved to the top first, so that two directories are open at most.
 */
export async function erase(path: string): Promise<void> {
  const top = await openDirectory(path);
  if (top === undefined) return;
  let moved = 0;
  try {
    const beneath = `/proc/self/fd/${top.fd}`;
    for (let round = 0; ; round++) {
      let found = 0;
      for await (const { name } of await opendir(beneath)) {
        found++;
        if (await unlinked(`${beneath}/${name}`)) continue;
        const inner = await openDirectory(`${beneath}/${name}`);
        if (inner === undefined) continue;
        const within = `/proc/self/fd/${inner.fd}`;
        for await (const { name: deeper } of await opendir(within))
          if (!(await unlinked(`${within}/${deeper}`)))
            await rename(`${within}/${deeper}`, `${beneath}/\u0001${moved++}`);
        await inner.close();
        await rmdir(`${beneath}/${name}`).catch(() => undefined);
      }
      if (found === 0) break;
      if (round >= roundsMax)
        throw new WarrenError("volume.busy", `${path} could not be emptied: files are still made in it`, {
          status: 409,
        });
    }
  } finally {
    await top.close();
  }
  await rmdir(path);
}

/** False when it is a directory. */
async function unlinked(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EISDIR") return false;
    if (code === "ENOENT") return true;
    throw error;
  }
}
