import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TestPair {
  readonly chain: string;
  readonly key: string;
}

/** A self-signed certificate for these host names and addresses, made by openssl. */
export function makePair(names: readonly string[], { days = 30 }: { days?: number } = {}): TestPair {
  const directory = mkdtempSync(join(tmpdir(), "warren-pair-"));
  try {
    const [chain, key] = [join(directory, "chain"), join(directory, "key")];
    const alternative = names.map((name) => (/^[0-9.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(",");
    const subject = ["-subj", "/O=Warren test", "-addext", `subjectAltName=${alternative}`, "-days", String(days)];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", chain, ...subject], { stdio: "ignore" });
    return { chain: readFileSync(chain, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
