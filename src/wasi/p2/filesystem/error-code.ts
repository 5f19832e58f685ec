import { errno } from "../../errno.ts";
import { IoError } from "../io-error.ts";
import { err } from "../result.ts";

/** `wasi:filesystem/types.error-code` by errno; what has no name there is an input/output error. */
const codes: Readonly<Record<number, string>> = {
  [errno.ACCES]: "access",
  [errno.AGAIN]: "would-block",
  [errno.ALREADY]: "already",
  [errno.BADF]: "bad-descriptor",
  [errno.BUSY]: "busy",
  [errno.DEADLK]: "deadlock",
  [errno.DQUOT]: "quota",
  [errno.EXIST]: "exist",
  [errno.FBIG]: "file-too-large",
  [errno.ILSEQ]: "illegal-byte-sequence",
  [errno.INPROGRESS]: "in-progress",
  [errno.INTR]: "interrupted",
  [errno.INVAL]: "invalid",
  [errno.IO]: "io",
  [errno.ISDIR]: "is-directory",
  [errno.LOOP]: "loop",
  [errno.MLINK]: "too-many-links",
  [errno.MSGSIZE]: "message-size",
  [errno.NAMETOOLONG]: "name-too-long",
  [errno.NODEV]: "no-device",
  [errno.NOENT]: "no-entry",
  [errno.NOLCK]: "no-lock",
  [errno.NOMEM]: "insufficient-memory",
  // There is no code for too many open descriptors.
  [errno.MFILE]: "insufficient-memory",
  [errno.NFILE]: "insufficient-memory",
  [errno.NOSPC]: "insufficient-space",
  [errno.NOTDIR]: "not-directory",
  [errno.NOTEMPTY]: "not-empty",
  [errno.NOTRECOVERABLE]: "not-recoverable",
  [errno.NOTSUP]: "unsupported",
  [errno.NOSYS]: "unsupported",
  [errno.NOTTY]: "no-tty",
  [errno.NXIO]: "no-such-device",
  [errno.OVERFLOW]: "overflow",
  [errno.PERM]: "not-permitted",
  [errno.NOTCAPABLE]: "not-permitted",
  [errno.PIPE]: "pipe",
  [errno.ROFS]: "read-only",
  [errno.SPIPE]: "invalid-seek",
  [errno.TXTBSY]: "text-file-busy",
  [errno.XDEV]: "cross-device",
};

export type FileFailure = { readonly tag: "err"; readonly val: string };

/** The code of a positive errno. */
export function errorCode(error: number): string {
  return codes[error] ?? "io";
}

/** Of a kernel's result that is negative. */
export function failure(result: number): FileFailure {
  return err(errorCode(-result));
}

/** What a stream of a file's tells of a kernel's result that is negative. */
export function streamFailureOf(result: number): IoError {
  const code = errorCode(-result);
  return new IoError(`the file system says: ${code}`, { domain: "filesystem", code });
}
