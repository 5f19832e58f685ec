/**
 * The page on which the workers that write to a volume count together what is in it, and what a file costs there. The daemon
 * makes it, counts the volume once and sets the limit; workers add what they change.
 */

/** 64-bit words: what workers have added since the page was made, what the daemon counted, the limit (-1: none). */
export const volumeWord = { changed: 0, counted: 1, limit: 2 } as const;
export const volumeWords = 3;

/** From here on 32-bit words: how many descriptors are open to the files whose inode numbers fall to a word. */
export const volumeOpensAt = 64;

/** Each name: its entry in the directory, and its inode. */
export const volumeNameBytes = 512;
const blockBytes = 4096;
/** A link's text that short lies in its inode (ext4). */
const linkInlineBytes = 59;

/** What a regular file costs beside its name: as if all of it was written, holes too. */
export function volumeFileBytes(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

/** The longest that a regular file may be for a cost. */
export function volumeFileSize(bytes: number): number {
  return Math.floor(bytes / blockBytes) * blockBytes;
}

/** What a symbolic link costs beside its name. */
export function volumeLinkBytes(length: number): number {
  return length > linkInlineBytes ? blockBytes : 0;
}
