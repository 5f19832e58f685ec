import type { ContentCoding } from "../../net/accept-encoding.ts";
import { filetype } from "../../wasi/descriptor.ts";
import { errno, type Result } from "../../wasi/errno.ts";
import type { OpenDirectory } from "../../wasi/files/open-directory.ts";
import { OpenFile } from "../../wasi/files/open-file.ts";
import { rights } from "../../wasi/files/rights.ts";
import type { FileStatus } from "../../wasi/files/status.ts";

/** A regular file that is open for reading, and what it was when it was opened. */
export interface FoundFile {
  readonly file: OpenFile;
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly modified: bigint;
  /** How it is compressed, when it is a compressed copy of what was asked for. */
  readonly coding?: ContentCoding;
}

/** What the names of compressed copies end in, as nginx's gzip_static and its like have it. */
const suffixes: Readonly<Record<ContentCoding, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };

const toRead = {
  // Links beneath the directory are followed, and none leads out (wasi/files/resolve.ts).
  follow: true,
  create: false,
  exclusive: false,
  truncate: false,
  directory: false,
  rights: rights.read | rights.status,
  flags: 0,
} as const;

/** Opens a regular file beneath the directory: "directory" when it is one, or a negated errno. */
export function openStatic(root: OpenDirectory, path: string): FoundFile | "directory" | Result {
  const opened = root.open(path, toRead);
  if (typeof opened === "number") return opened;
  if (!(opened instanceof OpenFile)) {
    opened.close();
    return "directory";
  }
  const status = opened.status();
  if (typeof status === "number" || status.type !== filetype.regularFile) {
    opened.close();
    return typeof status === "number" ? status : -errno.NOENT;
  }
  return found(opened, status);
}

/**
 * In place of a file the compressed copy beside it that the client likes best, if there is one. A copy that is older than the
 * file is of something else. The file is closed when it is not what is served.
 */
export function preferCompressed(
  root: OpenDirectory,
  path: string,
  file: FoundFile,
  accepted: readonly ContentCoding[],
): FoundFile {
  for (const coding of accepted) {
    const copy = openStatic(root, `${path}${suffixes[coding]}`);
    if (typeof copy !== "object") continue;
    if (copy.modified >= file.modified) {
      file.file.close();
      return { ...copy, coding };
    }
    copy.file.close();
  }
  return file;
}

export function isRegularFile(root: OpenDirectory, path: string): boolean {
  const status = root.statusAt(path, true);
  return typeof status !== "number" && status.type === filetype.regularFile;
}

function found(file: OpenFile, { size, modified }: FileStatus): FoundFile {
  return { file, size: Number(size), modified };
}
