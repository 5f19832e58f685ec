import type { KeptCertificate } from "./name-record.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** The CA of the web allows five failed proofs of a name an hour: 0, 1, 5 and 21 minutes are four. */
const failedMsFirst = minuteMs;
const failedFactor = 4;
const failedMsMax = 24 * hourMs;
/** Of a certificate that still holds a part of what is left is waited, so that one of a few days is tried often enough. */
const leftPart = 8;
const askMsDefault = 6 * hourMs;
const askMsMax = 24 * hourMs;
const restMsFirst = minuteMs;
const restMsMax = hourMs;

/** When a certificate is renewed by its age alone: after 62 to 67 % of its life, so that those of one day spread. */
export function renewalTime(from: number, to: number, random: () => number): number {
  return Math.round(from + (to - from) * (2 / 3 - random() / 20));
}

/** How long a name waits after so many failures in a row, with 25 % of jitter either way. `leftMs` is what its certificate still has. */
export function failureWait(failures: number, leftMs: number, random: () => number): number {
  const most = leftMs > 0 ? Math.min(failedMsMax, Math.max(hourMs, leftMs / leftPart)) : failedMsMax;
  return Math.round(Math.min(most, failedMsFirst * failedFactor ** Math.min(failures - 1, 20)) * (0.75 + random() / 2));
}

/** How long a CA is left alone after so many failures of its own in a row. */
export function restWait(failures: number, random: () => number): number {
  return Math.round(Math.min(restMsMax, restMsFirst * 2 ** Math.min(failures - 1, 20)) * (0.75 + random() / 2));
}

/** When a CA is asked about a renewal again (RFC 9773 §4.3): when it says, between an hour and a day from now. */
export function askTime(now: number, retryAt: number | undefined): number {
  return Math.min(Math.max(retryAt ?? now + askMsDefault, now + hourMs), now + askMsMax);
}

/** A certificate whose CA named a window for its renewal (RFC 9773 §4.2); unchanged when the window makes no sense, or is the one that was drawn from. */
export function withWindow(
  certificate: KeptCertificate,
  { start, end }: { readonly start: string; readonly end: string },
  random: () => number,
): KeptCertificate {
  const [first, last] = [Date.parse(start), Date.parse(end)];
  const window = `${start}/${end}`;
  if (!(first < last) || window === certificate.window) return certificate;
  // Not later than the certificate ends, whatever the CA says.
  const renewAt = Math.min(
    Math.round(first + (last - first) * random()),
    certificate.to - (certificate.to - certificate.from) / 10,
  );
  return { ...certificate, renewAt, window };
}
