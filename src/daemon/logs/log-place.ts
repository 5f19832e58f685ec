import type { FileHandle } from "node:fs/promises";
import type { LogFiles, LogPlace } from "./log-files.ts";
import { decodeLines } from "./log-line.ts";

const blockBytes = 64 * 1024;
const lineEnd = 0x0a;

/** Where the last `count` lines begin, found from the end: a long log costs no more than a short one. */
export async function placeOfTail(files: LogFiles, count: number): Promise<LogPlace> {
  const { file: newest, offset: end } = files.end;
  if (count === 0) return { file: newest, offset: end };
  let missing = count;
  for (const file of files.numbers.toReversed()) {
    await using handle = await files.open(file);
    if (handle === undefined) break;
    const size = file === newest ? end : (await handle.stat()).size;
    const found = await findBackward(handle, size, missing);
    if (found.missing === 0) return { file, offset: found.offset };
    missing = found.missing;
  }
  return { file: files.numbers[0] ?? newest, offset: 0 };
}

/** A place at or before the first line of that time, no more than a file too early. `since`: milliseconds since the epoch. */
export async function placeOfTime(files: LogFiles, since: number): Promise<LogPlace> {
  for (const file of files.numbers.toReversed()) {
    await using handle = await files.open(file);
    if (handle === undefined) break;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(blockBytes), 0, blockBytes, 0);
    const first = buffer.subarray(0, bytesRead).indexOf(lineEnd);
    const [line] = first < 0 ? [] : decodeLines(buffer.subarray(0, first));
    if (line !== undefined && Date.parse(line.at) < since) return { file, offset: 0 };
  }
  return { file: files.numbers[0] ?? files.end.file, offset: 0 };
}

async function findBackward(
  handle: FileHandle,
  size: number,
  count: number,
): Promise<{ missing: number; offset: number }> {
  const block = Buffer.alloc(blockBytes);
  let missing = count;
  // The last byte ends the last line; a line begins after the one before it.
  let end = Math.max(0, size - 1);
  while (end > 0) {
    const start = Math.max(0, end - blockBytes);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    for (
      let at = block.subarray(0, bytesRead).lastIndexOf(lineEnd);
      at >= 0;
      at = at === 0 ? -1 : block.lastIndexOf(lineEnd, at - 1)
    ) {
      if (--missing === 0) return { missing: 0, offset: start + at + 1 };
    }
    end = start;
  }
  // The first line of a file has no line end before it.
  return { missing: size === 0 ? missing : missing - 1, offset: 0 };
}
