import type { AcmeNameView } from "../../control/acme.ts";
import type { Name } from "./acme.ts";

/** What is said of a host that is routed. */
export function stateOf(
  { host, namespace, active, certificate, trouble, work }: Name,
  { covered, dueAt, label }: { readonly covered: boolean; readonly dueAt: number; label(ca: string): string },
): AcmeNameView {
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
