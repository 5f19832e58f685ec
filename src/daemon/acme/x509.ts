import { createHash, webcrypto, X509Certificate } from "node:crypto";

type X509 = typeof import("@peculiar/x509");

/** RFC 8737 §6.1: id-pe-acmeIdentifier. */
const acmeIdentifier = "1.3.6.1.5.5.7.1.31";
/** A challenge's certificate is looked at within minutes. */
const challengeMs = 24 * 3600_000;
const signing = { name: "ECDSA", hash: "SHA-256" };
const curve = { name: "ECDSA", namedCurve: "P-256" };

/** Loaded when the first certificate is made: it takes 0.1 s and 23 MB. */
async function library(): Promise<X509> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

/** A new key on P-256 and the request of a certificate for it (PKCS#10, DER). The key is in PEM (PKCS#8). */
export async function requestFor(host: string): Promise<{ readonly key: string; readonly request: Uint8Array }> {
  const x509 = await library();
  const keys = await generate();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: signing,
    // Without a subject, where names longer than 64 characters would not fit (RFC 5280, ub-common-name).
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }])],
  });
  return { key: await pemOf(keys), request: new Uint8Array(request.rawData) };
}

/** The certificate that answers a TLS-ALPN-01 challenge (RFC 8737 §3), with its key, in PEM. */
export async function challengeCertificate(
  host: string,
  keyAuthorization: string,
): Promise<{ readonly chain: string; readonly key: string }> {
  const x509 = await library();
  const keys = await generate();
  const digest = createHash("sha256").update(keyAuthorization).digest();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=ACME challenge",
    notBefore: new Date(Date.now() - challengeMs),
    notAfter: new Date(Date.now() + challengeMs),
    keys,
    signingAlgorithm: signing,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
      // An OCTET STRING of 32 bytes; critical.
      new x509.Extension(acmeIdentifier, true, Buffer.concat([Buffer.from([0x04, digest.length]), digest])),
    ],
  });
  return { chain: certificate.toString("pem"), key: await pemOf(keys) };
}

/** How a CA knows a certificate when it is asked about its renewal (RFC 9773 §4.1); undefined when it names no issuer's key. */
export async function certificateId(certificate: X509Certificate): Promise<string | undefined> {
  const x509 = await library();
  const parsed = new x509.X509Certificate(new Uint8Array(certificate.raw));
  const keyId = parsed.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId;
  if (keyId === undefined) return undefined;
  const serial = Buffer.from(parsed.serialNumber, "hex");
  return `${Buffer.from(keyId, "hex").toString("base64url")}.${serial.toString("base64url")}`;
}

/** The leaf of a chain in PEM. Throws when it is none. */
export function leafOf(chain: string): X509Certificate {
  return new X509Certificate(chain);
}

/** The library is typed by the browser's names for the same objects. */
async function generate(): Promise<CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"])) as CryptoKeyPair;
}

async function pemOf({ privateKey }: CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey as webcrypto.CryptoKey)).toString(
    "base64",
  );
  return `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)?.join("\n")}\n-----END PRIVATE KEY-----\n`;
}
