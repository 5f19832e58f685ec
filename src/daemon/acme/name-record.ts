import { createHash } from "node:crypto";
import Type, { type Static } from "typebox";
import { checkValue } from "../../control/check.ts";
import type { PrivateFiles } from "../../store/private-files.ts";

/** Times are in ms since the epoch. */
const Time = Type.Number();

/** A certificate that was issued, with what is needed to renew it. */
export const KeptCertificate = Type.Object({
  /** The directory of the CA. */
  ca: Type.String(),
  chain: Type.String(),
  key: Type.String(),
  /** How the CA knows it (RFC 9773 §4.1). */
  id: Type.Optional(Type.String()),
  challenge: Type.Union([Type.Literal("http-01"), Type.Literal("tls-alpn-01")]),
  from: Time,
  to: Time,
  renewAt: Time,
  /** When the CA is asked next whether it would have it renewed earlier. */
  askAt: Time,
  /** The window that `renewAt` was drawn from, as the CA named it. */
  window: Type.Optional(Type.String()),
});
export type KeptCertificate = Static<typeof KeptCertificate>;

export const Trouble = Type.Object({
  /** In a row, of the name itself: what a CA failed at is not counted. */
  failures: Type.Integer({ minimum: 0 }),
  at: Time,
  next: Time,
  code: Type.String(),
  message: Type.String(),
});
export type Trouble = Static<typeof Trouble>;

/** What is kept of a name. */
const NameRecord = Type.Object({
  host: Type.String(),
  certificate: Type.Optional(KeptCertificate),
  trouble: Type.Optional(Trouble),
});
export type NameRecord = Static<typeof NameRecord>;

/** Longer names stand in a file by their digest. */
const fileCharsMax = 200;

export function fileOf(host: string): string {
  return host.length <= fileCharsMax ? host : createHash("sha256").update(host).digest("hex");
}

/** The record of a name; a new one when there is none, or none that makes sense. */
export async function readName(files: PrivateFiles, host: string): Promise<NameRecord> {
  const kept = await files.read(fileOf(host)).catch(() => undefined);
  return checkValue(NameRecord, kept).length === 0 && (kept as NameRecord).host === host
    ? (kept as NameRecord)
    : { host };
}
