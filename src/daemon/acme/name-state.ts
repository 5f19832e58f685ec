import type { Name } from "./acme.ts";

/** What is said of a host that is routed. Times as RFC 3339. */
export interface NameState {
  readonly host: string;
  readonly namespace: string;
  /**
   * - `issued`: it has a certificate of a CA
   * - `pending`: it waits for its turn, or an order is under way
   * - `failed`: it has none; `reason` says why, and `nextTry` when it is tried again
   * - `covered`: a certificate from a file is shown
   * - `unsupported`: no CA certifies it
   */
  readonly state: "issued" | "pending" | "failed" | "covered" | "unsupported";
  readonly ca?: string;
  readonly notAfter?: string;
  /** When a certificate that it has is renewed. */
  readonly renewAt?: string;
  /** Of the last failure; of one that has a certificate, that of its renewal. */
  readonly reason?: string;
  readonly nextTry?: string;
}

export function stateOf(
  { host, namespace, active, certificate, trouble, work }: Name,
  { covered, dueAt, label }: { readonly covered: boolean; readonly dueAt: number; label(ca: string): string },
): NameState {
  const time = (ms: number): string => new Date(ms).toISOString();
  const base = { host, namespace };
  if (covered) return { ...base, state: "covered" };
  const now = Date.now();
  const failed = trouble === undefined || work !== undefined ? {} : { reason: trouble.message, nextTry: time(dueAt) };
  if (certificate !== undefined && certificate.to > now) {
    const { ca, to, renewAt } = certificate;
    return { ...base, state: "issued", ca: label(ca), notAfter: time(to), renewAt: time(renewAt), ...failed };
  }
  if (trouble !== undefined && work === undefined) return { ...base, state: "failed", ...failed };
  return { ...base, state: "pending", ...(active ? {} : { reason: "its service is stopped" }) };
}
