import type { Client } from "../client.ts";
import { formatPeerClient, peerField } from "../peer-client.ts";
import { stripped } from "../strip.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";

const blankLine = Buffer.from("\r\n");
const twoLines = Buffer.from("\r\n\r\n");
const version11 = Buffer.from("HTTP/1.1");

const idName = Buffer.from("\r\nX-Request-Id: ");

/** The forwarding fields of one connection, up to where the request's own host follows. */
export function forwardingPrefix({ remote, scheme }: Client): Buffer {
  return Buffer.from(`X-Forwarded-For: ${remote.ip}\r\nX-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Host: `, "latin1");
}

/** As {@link forwardingPrefix}, for another worker's front, which sets those fields itself. */
export function peerPrefix(client: Client): Buffer {
  return Buffer.from(`${peerField}: ${formatPeerClient(client)}\r\nX-Forwarded-Host: `, "latin1");
}

/**
 * The head that goes to the guest: the client's bytes without the cut lines, and the forwarding fields behind them, with the
 * request's `id`. `strip` is a prefix that is taken off the path and told in X-Forwarded-Prefix; empty for none.
 */
export function forwardRequest(head: RequestHead, prefix: Buffer, id: string, strip = ""): Buffer {
  const { bytes, start, end, cuts, hostFrom, hostTo } = head;
  const plain = head.plainLine && strip === "";
  const target = strip === "" ? head.target : stripped(head.target, strip);
  const line = plain ? "" : `${head.method} ${target} HTTP/1.1\r\n`;
  const keptFrom = plain ? start : bytes.indexOf(0x0a, start) + 1;
  const told = strip === "" ? "" : `\r\nX-Forwarded-Prefix: ${strip}`;
  const upgrade = head.upgrade
    ? `Connection: upgrade\r\nUpgrade: ${bytes.toString("latin1", head.upgradeFrom, head.upgradeTo)}\r\n`
    : "";
  const size =
    line.length +
    (end - keptFrom) +
    upgrade.length +
    prefix.length +
    (hostTo - hostFrom) +
    idName.length +
    id.length +
    told.length +
    4;
  const out = Buffer.allocUnsafe(size);
  let to = line === "" ? 0 : out.write(line, 0, "latin1");
  to = copyWithout(bytes, keptFrom, end - 2, cuts, out, to);
  if (upgrade !== "") to += out.write(upgrade, to, "latin1");
  out.set(prefix, to);
  to += prefix.length;
  to += bytes.copy(out, to, hostFrom, hostTo);
  out.set(idName, to);
  to += idName.length;
  to += out.write(id, to, "latin1");
  if (told !== "") to += out.write(told, to, "latin1");
  out.set(twoLines, to);
  return out.subarray(0, to + 4);
}

export function goesAsItIs(head: ResponseHead, insert: string): boolean {
  return head.cuts.length === 0 && insert === "" && head.minor === 1;
}

/**
 * The head that goes to the client, with `insert` (whole lines) behind the guest's fields, and what follows it up to
 * `bodyTo`; undefined when the guest's bytes can go as they are.
 */
export function forwardResponse(head: ResponseHead, insert: string, bodyTo: number): Buffer | undefined {
  if (goesAsItIs(head, insert)) return undefined;
  const { bytes, start, end, cuts } = head;
  const out = Buffer.allocUnsafe(bodyTo - start + insert.length);
  let to = copyWithout(bytes, start, end - 2, cuts, out, 0);
  if (head.minor === 0) out.set(version11, 0);
  to += out.write(insert, to, "latin1");
  out.set(blankLine, to);
  to += 2;
  if (bodyTo > end) to += bytes.copy(out, to, end, bodyTo);
  return out.subarray(0, to);
}

function copyWithout(
  bytes: Buffer,
  from: number,
  end: number,
  cuts: readonly number[],
  out: Buffer,
  at: number,
): number {
  let kept = from;
  let to = at;
  for (let index = 0; index < cuts.length; index += 2) {
    const cut = cuts[index]!;
    if (cut > kept) to += bytes.copy(out, to, kept, cut);
    kept = cuts[index + 1]!;
  }
  if (end > kept) to += bytes.copy(out, to, kept, end);
  return to;
}
