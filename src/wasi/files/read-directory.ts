import type { Filetype } from "../descriptor.ts";
import type { Result } from "../errno.ts";
import { entries, readEntries, seekTo } from "./calls.ts";
import { typeOfEntry } from "./status.ts";

export interface DirectoryEntry {
  /** Where to go on after this entry. */
  readonly next: bigint;
  readonly inode: bigint;
  readonly type: Filetype;
  /** A view of scratch memory, valid until the next call. */
  readonly name: Uint8Array;
}

/** Room for the longest entry: 19 bytes, 255 of name, a NUL, and padding. */
const entryBytesMax = 280;

/**
 * Reads entries from a cookie on. Cookies are the file system's own (`d_off` of getdents64(2)), which stay valid while
 * files come and go, so that nothing is kept between calls and a restored guest goes on where it was.
 */
export function readDirectory(
  fd: number,
  cookie: bigint,
  bytesMax: number,
  take: (entry: DirectoryEntry) => boolean,
): Result {
  const sought = seekTo(fd, BigInt.asIntN(64, cookie));
  if (sought < 0) return sought;
  for (;;) {
    const bytes = readEntries(fd, Math.max(bytesMax, entryBytesMax));
    if (bytes <= 0) return bytes;
    for (let at = 0; at < bytes; ) {
      const length = entries.getUint16(at + 16, true);
      if (!take(decode(at, length))) return 0;
      at += length;
    }
  }
}

/** One `struct linux_dirent64`. */
function decode(at: number, length: number): DirectoryEntry {
  const name = new Uint8Array(entries.buffer, at + 19, length - 19);
  return {
    next: entries.getBigUint64(at + 8, true),
    inode: entries.getBigUint64(at, true),
    type: typeOfEntry(entries.getUint8(at + 18)),
    name: name.subarray(0, name.indexOf(0)),
  };
}
