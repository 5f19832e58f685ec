import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { SocketAddress } from "node:net";
import { WarrenError } from "../../base/errors.ts";

/** Where a certificate comes from; of two for one name, the earlier in this list is shown. */
export const sources = ["file", "acme", "local"] as const;
export type CertificateSource = (typeof sources)[number];

/** A chain and its key, PEM. */
export interface CertificatePair {
  readonly chain: string;
  readonly key: string;
}

/** A pair that was checked. */
export interface Certificate extends CertificatePair {
  /** Host names in lower case (`*.example.com` too) and addresses, from the leaf's subjectAltName. */
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** In words: the issuer's common name or organisation. */
  readonly issuer: string;
  readonly serial: string;
  /** SHA-256 of the leaf, colons between the bytes. */
  readonly fingerprint: string;
}

const pemBytesMax = 256 * 1024;
const chainLengthMax = 10;
const namesMax = 1000;
const hostName = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Checks that a chain can be shown with a key. The leaf is put first if it is not. Throws `tls.certificate`, `tls.key`; no
 * message has anything of the key.
 */
export function checkPair(pair: CertificatePair): Certificate {
  const key = readKey(pair.key);
  const chain = readChain(pair.chain);
  const at = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (at < 0) throw new WarrenError("tls.key", "the key is not that of the certificate");
  const [leaf] = chain.splice(at, 1) as [X509Certificate];
  const pem = [leaf, ...chain].map((certificate) => certificate.toString()).join("");
  try {
    // What OpenSSL itself refuses: keys that are too short, algorithms that are too weak.
    process.getBuiltinModule("node:tls").createSecureContext({ cert: pem, key: pair.key });
  } catch (error) {
    throw new WarrenError("tls.certificate", `the certificate cannot be used: ${(error as Error).message}`);
  }
  return {
    chain: pem,
    key: pair.key,
    names: namesOf(leaf),
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
    issuer: /^CN=(.*)$/m.exec(leaf.issuer)?.[1] ?? /^O=(.*)$/m.exec(leaf.issuer)?.[1] ?? leaf.issuer,
    serial: leaf.serialNumber,
    fingerprint: leaf.fingerprint256,
  };
}

function readKey(pem: string): KeyObject {
  if (pem.length > pemBytesMax) throw new WarrenError("tls.key", `the key is longer than ${pemBytesMax} bytes`);
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw new WarrenError("tls.key", "the key is encrypted", {
      hint: "nobody is there to type its password: store it in the clear, readable by the daemon alone",
    });
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new WarrenError("tls.key", `the key cannot be read: ${(error as Error).message}`);
  }
}

function readChain(pem: string): X509Certificate[] {
  if (pem.length > pemBytesMax)
    throw new WarrenError("tls.certificate", `the certificate is longer than ${pemBytesMax} bytes`);
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new WarrenError("tls.certificate", "there is no certificate in PEM form");
  if (blocks.length > chainLengthMax)
    throw new WarrenError("tls.certificate", `the chain is longer than ${chainLengthMax} certificates`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new WarrenError("tls.certificate", `the certificate cannot be read: ${(error as Error).message}`);
  }
}

/** Names that no client can send are left out. */
function namesOf(leaf: X509Certificate): string[] {
  const names = new Set<string>();
  for (const entry of leaf.subjectAltName?.split(", ") ?? []) {
    const colon = entry.indexOf(":");
    const value = entry.slice(colon + 1).toLowerCase();
    const kind = entry.slice(0, colon);
    if (kind === "DNS" && hostName.test(value)) names.add(value);
    else if (kind === "IP Address") names.add(plainAddress(value));
  }
  if (names.size > namesMax)
    throw new WarrenError("tls.certificate", `the certificate has more than ${namesMax} names`);
  return [...names];
}

/** OpenSSL writes `0:0:0:0:0:0:0:1`. */
function plainAddress(text: string): string {
  return text.includes(":") ? new SocketAddress({ address: text, family: "ipv6" }).address : text;
}
