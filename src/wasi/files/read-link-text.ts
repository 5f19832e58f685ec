import { errno, type Result } from "../errno.ts";
import type { FileSystem, Handle } from "./file-system.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A symbolic link's text; -INVAL when it is no link, -ILSEQ when it is not UTF-8. */
export function readLinkText(files: Pick<FileSystem, "readLink">, directory: Handle, name: string): string | Result {
  const bytes = files.readLink(directory, name);
  if (typeof bytes === "number") return bytes;
  try {
    return utf8.decode(bytes);
  } catch {
    return -errno.ILSEQ;
  }
}
