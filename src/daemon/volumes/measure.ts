import { constants } from "node:fs";
import { lstat, opendir, open as openFile } from "node:fs/promises";
import { volumeFileBytes, volumeLinkBytes, volumeNameBytes } from "../../base/volume-page.ts";

/** Directories held open at once. What lies deeper is not looked at. */
const depthMax = 200;

/**
 * What a directory holds, by the rules of base/volume-page.ts. A guest may be at work in it: no link is followed, and no path
 * is longer than a name. Undefined when a part of it could not be looked at.
 */
export async function measureVolume(path: string): Promise<number | undefined> {
  return measureDirectory(path, 0, new Set());
}

async function measureDirectory(path: string, depth: number, linked: Set<number>): Promise<number | undefined> {
  if (depth > depthMax) return undefined;
  let bytes = 0;
  const handle = await openDirectory(path);
  if (handle === undefined) return 0;
  try {
    const beneath = `/proc/self/fd/${handle.fd}`;
    for await (const { name } of await opendir(beneath)) {
      const status = await lstat(`${beneath}/${name}`).catch(() => undefined);
      // Removed meanwhile.
      if (status === undefined) continue;
      bytes += volumeNameBytes;
      if (status.isDirectory()) {
        const inner = await measureDirectory(`${beneath}/${name}`, depth + 1, linked);
        if (inner === undefined) return undefined;
        bytes += inner;
      } else if (status.isSymbolicLink()) bytes += volumeLinkBytes(status.size);
      else if (!linked.has(status.ino)) bytes += volumeFileBytes(status.size);
      if (status.nlink > 1) linked.add(status.ino);
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/** Undefined when it is no directory any more. */
export function openDirectory(path: string): Promise<Awaited<ReturnType<typeof openFile>> | undefined> {
  return openFile(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(() => undefined);
}
