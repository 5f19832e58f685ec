import type { Result } from "./errno.ts";
import { bytesPerCallMax, firstOf } from "./files/capped.ts";
import type { OpenDirectory } from "./files/open-directory.ts";
import type { OpenFile } from "./files/open-file.ts";
import { scatter } from "./scatter.ts";
import { attempt, bytesOf, type Finish, type Host, pieceBytes, skip, unfinished, waitFor } from "./transfer.ts";

/** What another thread moves at a time: as long as it takes to copy, the guest's neighbours wait. */
const laterBytes = 1024 * 1024;

/** Between a guest's buffers and a file, at a position or at the file's own. */
export interface FileTransfer {
  readonly file: OpenFile;
  readonly direction: "read" | "write";
  /** Taken anew for each piece: the guest's memory may have been moved between two. */
  readonly buffers: () => Uint8Array[];
  readonly position?: number;
}

/**
 * Reads or writes all that is asked for. A guest that has its thread to itself waits for the disk as any program does. One
 * that shares it takes turns with its neighbours, leaves a disk that has been slow to other threads, and always what is to
 * be on the disk before the answer. See docs/decisions/0004-files-are-synchronous.md.
 */
export function transferFile(host: Host, transfer: FileTransfer, finish: Finish): number | Promise<number> {
  const { file, direction } = transfer;
  const { alone } = host.thread;
  const synchronizes = direction === "write" ? file.synchronizes : undefined;
  if (alone) {
    const done = (result: Result) => {
      if (result <= 0 || synchronizes === undefined) return finish(result);
      const synchronized = file.synchronize(synchronizes);
      return finish(synchronized < 0 ? synchronized : result);
    };
    return attempt(host, file, direction, now(host, transfer), done);
  }
  if (synchronizes !== undefined) return transferAndSynchronize(host, transfer, synchronizes, finish);
  if (file.later?.slow === true) return transferLater(host, transfer, finish);
  return attempt(host, file, direction, now(host, transfer), finish);
}

/** fd_sync and fd_datasync. */
export function synchronize(
  host: Host,
  file: OpenFile | OpenDirectory,
  what: "all" | "data",
): number | Promise<number> {
  if (host.thread.alone) return -file.synchronize(what);
  return waitFor(host, file.synchronizeLater(what), (result) => -result);
}

/** Piece by piece in this thread, until its slice is over. */
function now({ thread }: Host, { file, direction, buffers, position }: FileTransfer): () => Result {
  let done = 0;
  return () => {
    for (;;) {
      const left = skip(buffers(), done);
      const piece = thread.alone ? left : firstOf(left, pieceBytes);
      const began = thread.alone ? 0 : performance.now();
      const count = move(file, direction, piece, position === undefined ? undefined : position + done);
      if (!thread.alone) file.later?.took(performance.now() - began, Math.max(0, count));
      // What was moved before an error counts; the next call meets the error again.
      if (count < 0) return done > 0 ? done : count;
      done += count;
      if (count === 0 || count === bytesOf(left)) return done;
      // The end of the file.
      if (direction === "read" && count < Math.min(bytesOf(piece), bytesPerCallMax)) return done;
      if (!thread.alone && thread.sliceOver) return unfinished;
    }
  };
}

function move(
  file: OpenFile,
  direction: "read" | "write",
  buffers: readonly Uint8Array[],
  position: number | undefined,
): Result {
  if (direction === "read") return position === undefined ? file.read(buffers) : file.readAt(buffers, position);
  return position === undefined ? file.write(buffers) : file.writeAt(buffers, position);
}

async function transferAndSynchronize(
  host: Host,
  transfer: FileTransfer,
  what: "all" | "data",
  finish: Finish,
): Promise<number> {
  let result = 0;
  await transferLater(host, transfer, (count) => {
    result = count;
    return 0;
  });
  if (result <= 0) return finish(result);
  return waitFor(host, transfer.file.synchronizeLater(what), (synchronized) =>
    finish(synchronized < 0 ? synchronized : result),
  );
}

/** By other threads, the guest suspended for each piece. */
async function transferLater(
  host: Host,
  { file, direction, buffers, position }: FileTransfer,
  finish: Finish,
): Promise<number> {
  if (file.later === undefined) {
    const count = move(file, direction, buffers(), position);
    return finish(count);
  }
  // One for all pieces: a fresh one for each would keep the garbage collector busy.
  const between = Buffer.allocUnsafe(Math.min(bytesOf(buffers()), laterBytes));
  let done = 0;
  for (;;) {
    const left = bytesOf(buffers()) - done;
    const piece = between.subarray(0, Math.min(left, laterBytes));
    const at = position === undefined ? undefined : position + done;
    if (direction === "write") gatherInto(piece, skip(buffers(), done));
    let count = 0;
    await waitFor(host, direction === "read" ? file.readLater(piece, at) : file.writeLater(piece, at), (moved) => {
      count = moved;
      if (direction === "read" && moved > 0) scatter(piece.subarray(0, moved), skip(buffers(), done));
      return 0;
    });
    if (count < 0) return finish(done > 0 ? done : count);
    done += count;
    if (count < piece.length || count === left) return finish(done);
  }
}

/** Fills bytes from buffers that have as many. */
function gatherInto(bytes: Uint8Array, buffers: readonly Uint8Array[]): void {
  let at = 0;
  for (const buffer of firstOf(buffers, bytes.length)) {
    bytes.set(buffer, at);
    at += buffer.length;
  }
}
