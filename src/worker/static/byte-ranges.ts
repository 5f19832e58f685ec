/** Bytes of a file, `to` not included. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** More are many small ones, which cost more than they are worth (RFC 9110 §14.2). */
const rangesMax = 16;
const fieldCharsMax = 1024;

/**
 * What a Range field asks of a file of `size` bytes (RFC 9110 §14.1.2): in the order asked for, those that lie outside left
 * out. `"none"`: all do (416). `"all"`: it is to be ignored, being malformed, in another unit, or asking for more than the
 * whole file together.
 */
export function byteRanges(field: string, size: number): readonly ByteRange[] | "none" | "all" {
  if (field.length > fieldCharsMax || !/^bytes=/i.test(field)) return "all";
  const ranges: ByteRange[] = [];
  let asked = 0;
  let bytes = 0;
  for (const part of field.slice(6).split(",")) {
    const text = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (text === "") continue;
    const found = /^(\d*)-(\d*)$/.exec(text);
    if (found === null) return "all";
    const [first, last] = [found[1] as string, found[2] as string];
    if ((first === "" && last === "") || ++asked > rangesMax) return "all";
    const range = first === "" ? suffix(Number(last), size) : fromTo(Number(first), last, size);
    if (range === undefined) return "all";
    if (range.to <= range.from) continue;
    ranges.push(range);
    bytes += range.to - range.from;
  }
  if (asked === 0 || bytes > size) return "all";
  return ranges.length === 0 ? "none" : ranges;
}

function suffix(length: number, size: number): ByteRange {
  return { from: Math.max(0, size - length), to: size };
}

/** Undefined when it is not a range: its end comes before its start. */
function fromTo(from: number, last: string, size: number): ByteRange | undefined {
  if (last === "") return { from, to: size };
  const to = Number(last) + 1;
  return to <= from ? undefined : { from, to: Math.min(to, size) };
}
