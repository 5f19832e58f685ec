import type { FrontTls } from "../net/tls/front-tls.ts";
import type { CertificateChanges, ChallengeChanges } from "./protocol.ts";

/** Takes over what the daemon says of certificates. */
export function applyCertificates(
  { certificates }: FrontTls,
  { forget, keys = [], names = [], nameless = [], drop = [], standard }: CertificateChanges,
): void {
  if (forget) certificates.clear();
  for (const { id, chain, key } of keys) certificates.addPair(id, { chain, key });
  for (const { name, id, known } of names) certificates.setName(name, { id, known });
  for (const name of nameless) certificates.dropName(name);
  if (standard !== undefined) certificates.setStandard(standard);
  for (const id of drop) certificates.dropPair(id);
}

/** Takes over what the daemon says of challenges. */
export function applyChallenges({ challenges }: FrontTls, { forget, http = [], alpn = [] }: ChallengeChanges): void {
  if (forget) challenges.clear();
  for (const [token, answer] of http) challenges.setHttp(token, answer);
  for (const [host, pair] of alpn) challenges.setAlpn(host, pair ?? undefined);
}
