import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePair } from "../../test/support/certificates.ts";
import { benchHost } from "./hosts.ts";
import type { CertificateFiles } from "./nginx.ts";
import type { Scope } from "./scope.ts";

/** A self-signed certificate for the host under load, with a key on P-256. */
export function makeCertificate(scope: Scope): CertificateFiles {
  const folder = mkdtempSync(join(tmpdir(), "warren-bench-tls-"));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  const { chain, key } = makePair([benchHost]);
  const files = { chain: join(folder, "chain.pem"), key: join(folder, "key.pem"), both: join(folder, "both.pem") };
  writeFileSync(files.chain, chain);
  writeFileSync(files.key, key);
  writeFileSync(files.both, chain + key);
  return files;
}
