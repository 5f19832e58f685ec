import { X509Certificate } from "node:crypto";
import type { CertificateView, LocalAuthorityView } from "../../control/certificate.ts";
import type { CertificateEntry } from "./certificates.ts";
import type { LocalCa } from "./local-ca.ts";

/** Without its key. */
export function certificateView(entry: CertificateEntry): CertificateView {
  const { source, name, names, issuer, serial, fingerprint } = entry;
  return {
    source,
    name,
    names: [...names],
    issuer,
    notBefore: new Date(entry.notBefore).toISOString(),
    notAfter: new Date(entry.notAfter).toISOString(),
    serial,
    fingerprint,
  };
}

export async function localAuthorityView(ca: LocalCa): Promise<LocalAuthorityView> {
  const certificate = await ca.certificate();
  const { fingerprint256, validTo } = new X509Certificate(certificate);
  return { path: ca.path, certificate, fingerprint: fingerprint256, notAfter: new Date(validTo).toISOString() };
}
