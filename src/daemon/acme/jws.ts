import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";

/** The public key as a JWK (RFC 7517), its members in the order of RFC 7638 §3.2. */
export interface Jwk {
  readonly crv: string;
  readonly kty: string;
  readonly x: string;
  readonly y: string;
}

/** A key of an account: ECDSA on P-256, which every CA takes. */
export class AccountKey {
  readonly pem: string;
  readonly jwk: Jwk;
  /** RFC 7638: what a key authorization ends with. */
  readonly thumbprint: string;
  readonly #key: KeyObject;

  /** Throws when the text is no private key on P-256. */
  constructor(pem: string) {
    this.pem = pem;
    this.#key = createPrivateKey(pem);
    const { crv, kty, x, y } = createPublicKey(this.#key).export({ format: "jwk" });
    if (kty !== "EC" || crv !== "P-256" || x === undefined || y === undefined) throw new Error("not a key on P-256");
    this.jwk = { crv, kty, x, y };
    this.thumbprint = createHash("sha256").update(JSON.stringify(this.jwk)).digest("base64url");
  }

  static generate(): AccountKey {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return new AccountKey(privateKey.export({ type: "pkcs8", format: "pem" }) as string);
  }

  /** A flattened JWS (RFC 7515 §7.2.2), as every POST to a CA is (RFC 8555 §6.2). An empty payload is POST-as-GET. */
  sign(header: Readonly<Record<string, unknown>>, payload: unknown): string {
    const protectedPart = encoded(JSON.stringify({ alg: "ES256", ...header }));
    const payloadPart = payload === undefined ? "" : encoded(JSON.stringify(payload));
    const input = Buffer.from(`${protectedPart}.${payloadPart}`);
    // JWS has r and s side by side, not in ASN.1 (RFC 7518 §3.4).
    const signature = sign("sha256", input, { key: this.#key, dsaEncoding: "ieee-p1363" }).toString("base64url");
    return JSON.stringify({ protected: protectedPart, payload: payloadPart, signature });
  }
}

/** Ties a new account to one that the operator has with the CA (RFC 8555 §7.3.4). */
export interface ExternalAccount {
  readonly kid: string;
  /** The MAC key, as the CA gave it: base64url. */
  readonly hmacKey: string;
}

export function bindExternally({ kid, hmacKey }: ExternalAccount, jwk: Jwk, url: string): object {
  const protectedPart = encoded(JSON.stringify({ alg: "HS256", kid, url }));
  const payload = encoded(JSON.stringify(jwk));
  const signature = createHmac("sha256", Buffer.from(hmacKey, "base64url"))
    .update(`${protectedPart}.${payload}`)
    .digest("base64url");
  return { protected: protectedPart, payload, signature };
}

function encoded(text: string): string {
  return Buffer.from(text).toString("base64url");
}
