import { isIpv4, parseIp } from "../../base/ip.ts";

// Messages of the domain name system (RFC 1035 §4), as much of them as a resolver that asks for addresses needs.

export const recordType = { a: 1, aaaa: 28 } as const;
export const responseCode = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
} as const;

const classInternet = 1;
const headerBytes = 12;
/** RFC 1035 §2.3.4; names of an answer point back to the question and take two. */
const nameBytesMax = 255;
const ttlSeconds = 30;

/** The one question of a query. */
export interface Question {
  readonly id: number;
  /** As it was sent, with `.` between the labels and none at the end; labels are ASCII. */
  readonly name: string;
  readonly type: number;
  /** Where the question ends: what an answer repeats. */
  readonly end: number;
}

/** Undefined for what is not a query with one question of the internet's class. */
export function parseQuestion(message: Uint8Array): Question | undefined {
  if (message.length < headerBytes) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const isQuery = (view.getUint16(2) & 0xf800) === 0;
  if (!isQuery || view.getUint16(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = message[at++];
    if (length === 0) break;
    // The two upper bits mark a pointer, which a question has nothing to point at by.
    if (
      length === undefined ||
      length > 63 ||
      at + length > message.length ||
      at + length > headerBytes + nameBytesMax
    ) {
      return undefined;
    }
    labels.push(Buffer.from(message.buffer, message.byteOffset + at, length).toString("latin1"));
    at += length;
  }
  if (at + 4 > message.length || view.getUint16(at + 2) !== classInternet) return undefined;
  return { id: view.getUint16(0), name: labels.join("."), type: view.getUint16(at), end: at + 4 };
}

/** The answer to a query: addresses of the type that was asked for, or a code. Cut off at 512 bytes (RFC 1035 §4.2.1). */
export function formatAnswer(
  query: Uint8Array,
  question: Question,
  code: number,
  addresses: readonly string[],
): Uint8Array {
  const records = addresses.flatMap((text) => {
    const ip = parseIp(text);
    if (ip === undefined || isIpv4(ip) !== (question.type === recordType.a)) return [];
    return [isIpv4(ip) ? ip.subarray(12) : ip];
  });
  const recordBytes = 12 + (question.type === recordType.a ? 4 : 16);
  const count = Math.min(records.length, Math.floor((512 - question.end) / recordBytes));
  const answer = Buffer.alloc(question.end + count * recordBytes);
  answer.set(query.subarray(0, question.end));
  // A response, recursion available; opcode 0 and "recursion desired" as in the query.
  answer.writeUInt16BE(0x8080 | (answer.readUInt16BE(2) & 0x0100) | (count < records.length ? 0x0200 : 0) | code, 2);
  answer.writeUInt16BE(count, 6);
  answer.writeUInt32BE(0, 8);
  for (let i = 0, at = question.end; i < count; i++, at += recordBytes) {
    const data = records[i]!;
    answer.writeUInt16BE(0xc000 | headerBytes, at);
    answer.writeUInt16BE(question.type, at + 2);
    answer.writeUInt16BE(classInternet, at + 4);
    answer.writeUInt32BE(ttlSeconds, at + 6);
    answer.writeUInt16BE(data.length, at + 10);
    answer.set(data, at + 12);
  }
  return answer;
}
