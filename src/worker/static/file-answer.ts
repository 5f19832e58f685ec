import { httpDate } from "../../net/http-date.ts";
import type { TargetResponse } from "../../net/target.ts";
import { byteRanges } from "./byte-ranges.ts";
import { type BodyPart, fileBody } from "./file-body.ts";
import type { FoundFile } from "./found-file.ts";
import { contentRange, multipart } from "./multipart.ts";
import type { PiecePool } from "./piece-pool.ts";
import { emptyAnswer, type Field, plainAnswer } from "./plain-answer.ts";
import { precondition, rangeApplies, type Validators } from "./preconditions.ts";
import type { RequestFields } from "./request-fields.ts";

/** So long after a change another could follow within the same tick of the kernel's clock, and leave the same times behind. */
const settledAfterNs = 1_000_000_000n;

export interface FileAnswer {
  readonly method: "GET" | "HEAD";
  readonly fields: RequestFields;
  readonly type: string;
  /** The value of Vary; empty for none. */
  readonly vary: string;
  /** The value of Cache-Control. */
  readonly cache: string | undefined;
  readonly pool: PiecePool;
}

/** The answer to a request for a file, which this takes over: whole, a part of it, or what a condition asks for instead. */
export function answerFile(found: FoundFile, { method, fields, type, vary, cache, pool }: FileAnswer): TargetResponse {
  const bodyOf = (parts: readonly BodyPart[]) => ({ body: fileBody(file, parts, pool), giveBack: pool.giveBack });
  const { file, size, coding } = found;
  const validators = validatorsOf(found);
  // What a 304 carries too (RFC 9110 §15.4.5).
  const headers: Field[] = [
    ["ETag", validators.entityTag],
    ["Last-Modified", httpDate(validators.modified)],
  ];
  if (vary !== "") headers.push(["Vary", vary]);
  if (cache !== undefined) headers.push(["Cache-Control", cache]);
  const failed = precondition(fields, validators);
  if (failed !== undefined) {
    file.close();
    return failed === 304 ? emptyAnswer(304, headers) : plainAnswer(412, "the file is not the one that was asked for");
  }
  headers.push(["X-Content-Type-Options", "nosniff"]);
  if (coding !== undefined) headers.push(["Content-Encoding", coding]);
  // RFC 9110 §14.2: a Range is of GET only.
  const ranges =
    fields.range !== undefined && method === "GET" && rangeApplies(fields, validators)
      ? byteRanges(fields.range, size)
      : "all";
  if (ranges === "all") {
    headers.push(["Content-Type", type], ["Accept-Ranges", "bytes"], ["Content-Length", String(size)]);
    if (method === "GET" && size > 0) return { status: 200, headers, ...bodyOf([{ from: 0, to: size }]) };
    file.close();
    return emptyAnswer(200, headers);
  }
  const [range, second] = ranges === "none" ? [] : ranges;
  if (ranges === "none" || range === undefined) {
    file.close();
    return plainAnswer(416, "the file has no such bytes", [["Content-Range", `bytes */${size}`]]);
  }
  if (second === undefined) {
    headers.push(["Content-Type", type], ["Content-Range", contentRange(range, size)]);
    headers.push(["Content-Length", String(range.to - range.from)]);
    return { status: 206, headers, ...bodyOf([range]) };
  }
  const { type: outer, bytes, parts } = multipart(ranges, size, type);
  headers.push(["Content-Type", outer], ["Content-Length", String(bytes)]);
  return { status: 206, headers, ...bodyOf(parts) };
}

/** Size and time of change, as nginx has it, so that copies of a site on several machines have the same. */
function validatorsOf({ size, modified, coding }: FoundFile): Validators {
  const tag = `"${size.toString(16)}-${modified.toString(16)}${coding === undefined ? "" : `-${coding}`}"`;
  const settled = BigInt(Date.now()) * 1_000_000n - modified > settledAfterNs;
  return { entityTag: settled ? tag : `W/${tag}`, modified: Number(modified / 1_000_000_000n) };
}
