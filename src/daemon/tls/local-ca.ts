import { randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemCode, WarrenError } from "../../base/errors.ts";
import type { CertificatePair } from "./certificate.ts";

type X509 = typeof import("@peculiar/x509");

const dayMs = 24 * 60 * 60_000;
const caDays = 3650;
/** Of the authority's own file, readable by whoever may read the state directory. */
const caFile = "ca.crt";
/** What browsers take for long (CA/Browser Forum baseline requirements §6.3.2, before March 2026). */
const leafDays = 397;
/** Clocks of machines nearby may be behind. */
const earlyMs = dayMs;
const curve = { name: "ECDSA", namedCurve: "P-256" } as const;
const signing = { name: "ECDSA", hash: "SHA-256" } as const;

/** A certificate authority of this machine's own, for names that no other certifies. Its key never leaves the daemon. */
export class LocalCa {
  /** The folder of its files, which nobody but the daemon's user may read. */
  readonly #directory: string;
  #opened: Promise<CertificatePair> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where its certificate is. */
  get path(): string {
    return join(this.#directory, caFile);
  }

  /** Its certificate, PEM; made when there is none yet. Throws `tls.local-ca`. */
  async certificate(): Promise<string> {
    return (await this.#open()).chain;
  }

  /** A certificate for this name or these, which was made before if that one lasts for so long. The first gives it its file. */
  async pairFor(names: readonly [string, ...string[]], leftMs: number): Promise<CertificatePair> {
    const { chain } = await this.#open();
    const path = join(this.#directory, `${fileName(names[0])}.leaf`);
    const kept = await readFile(path, "utf8").catch(() => undefined);
    if (kept !== undefined && serves(kept, names, new X509Certificate(chain), leftMs))
      return { chain: kept, key: kept };
    const pair = await this.#issue(names);
    await writePrivate(path, pair.key + pair.chain);
    return pair;
  }

  /** Removes the certificates of all names but these. */
  async keepOnly(names: ReadonlySet<string>): Promise<void> {
    const files = new Set([...names].map((name) => `${fileName(name)}.leaf`));
    for (const file of await readdir(this.#directory).catch(() => []))
      if (file.endsWith(".leaf") && !files.has(file)) await rm(join(this.#directory, file), { force: true });
  }

  #open(): Promise<CertificatePair> {
    this.#opened ??= this.#openOrMake().catch((error: unknown) => {
      this.#opened = undefined;
      throw new WarrenError(
        "tls.local-ca",
        `the local authority in ${this.#directory} cannot be used: ${(error as Error).message}`,
        {
          status: 500,
          hint: `remove ${this.#directory} to have another made, which is then to be trusted anew`,
          cause: error,
        },
      );
    });
    return this.#opened;
  }

  async #openOrMake(): Promise<CertificatePair> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const key = join(this.#directory, "ca.key");
    try {
      const pair = { chain: await readFile(this.path, "utf8"), key: await readFile(key, "utf8") };
      if (Date.parse(new X509Certificate(pair.chain).validTo) > Date.now() + leafDays * dayMs) return pair;
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
    }
    const pair = await makeCa();
    // The certificate last: without it, both are made anew.
    await rm(this.path, { force: true });
    await writePrivate(key, pair.key);
    await writePrivate(this.path, pair.chain);
    return pair;
  }

  async #issue(names: readonly string[]): Promise<CertificatePair> {
    const ca = await this.#open();
    const x509 = await library();
    const issuer = new x509.X509Certificate(ca.chain);
    const keys = await newKeys();
    const notBefore = new Date(Date.now() - earlyMs);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      issuer: issuer.subject,
      notBefore,
      notAfter: new Date(notBefore.getTime() + leafDays * dayMs),
      publicKey: keys.publicKey,
      signingKey: await importKey(ca.key),
      signingAlgorithm: signing,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        // The subject is empty: then the names are critical (RFC 5280 §4.2.1.6).
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
          true,
        ),
        await x509.AuthorityKeyIdentifierExtension.create(issuer),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return { chain: `${certificate.toString("pem")}\n`, key: await pemOf(keys) };
  }
}

async function makeCa(): Promise<CertificatePair> {
  const x509 = await library();
  const keys = await newKeys();
  const notBefore = new Date(Date.now() - earlyMs);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ O: ["Warren"] }, { CN: [`Warren local CA of ${hostname()}`.slice(0, 64)] }],
    notBefore,
    notAfter: new Date(notBefore.getTime() + caDays * dayMs),
    keys,
    signingAlgorithm: signing,
    extensions: [
      // It signs no other authority.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { chain: `${certificate.toString("pem")}\n`, key: await pemOf(keys) };
}

/** Loaded when the first certificate is made: it takes 0.1 s and 23 MB. */
async function library(): Promise<X509> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

function serves(pem: string, names: readonly string[], ca: X509Certificate, leftMs: number): boolean {
  try {
    const leaf = new X509Certificate(pem);
    return (
      Date.parse(leaf.validTo) > Date.now() + leftMs &&
      leaf.checkIssued(ca) &&
      leaf.verify(ca.publicKey) &&
      names.every((name) =>
        isIP(name) === 0 ? (leaf.subjectAltName ?? "").split(", ").includes(`DNS:${name}`) : leaf.checkIP(name),
      )
    );
  } catch {
    return false;
  }
}

/** 159 bits of chance, positive (RFC 5280 §4.1.2.2). */
function serial(): string {
  const bytes = randomBytes(20);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString("hex");
}

/** The library is typed by the browser's names for the same objects. */
async function newKeys(): Promise<CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"])) as CryptoKeyPair;
}

async function importKey(pem: string): Promise<CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return (await webcrypto.subtle.importKey("pkcs8", der, curve, false, ["sign"])) as CryptoKey;
}

async function pemOf({ privateKey }: CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", privateKey as webcrypto.CryptoKey);
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

/** Host names are files' names as they are, but for the star; what would be too long is cut, and then fits no other's names. */
function fileName(host: string): string {
  return host.replace("*", "_").replaceAll(":", "-").slice(0, 240);
}

async function writePrivate(path: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  {
    await using handle = await open(`${path}.new`, flags, 0o600);
    await handle.writeFile(text);
    await handle.sync();
  }
  await rename(`${path}.new`, path);
}
