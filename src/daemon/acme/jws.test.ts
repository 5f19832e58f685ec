import assert from "node:assert/strict";
import { createHmac, createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import { AccountKey, bindExternally } from "./jws.ts";

const decoded = (text: string): unknown => JSON.parse(Buffer.from(text, "base64url").toString());

test("AccountKey signs what its public key verifies, with r and s side by side", () => {
  const key = AccountKey.generate();
  const jws = JSON.parse(key.sign({ kid: "https://ca.test/1", nonce: "n", url: "https://ca.test/o" }, { a: 1 }));
  assert.deepEqual(decoded(jws.protected), {
    alg: "ES256",
    kid: "https://ca.test/1",
    nonce: "n",
    url: "https://ca.test/o",
  });
  assert.deepEqual(decoded(jws.payload), { a: 1 });
  const signature = Buffer.from(jws.signature, "base64url");
  assert.equal(signature.length, 64);
  const publicKey = createPublicKey({ key: { ...key.jwk }, format: "jwk" });
  const input = Buffer.from(`${jws.protected}.${jws.payload}`);
  assert.ok(verify("sha256", input, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature));
  assert.equal(JSON.parse(key.sign({}, undefined)).payload, "");
});

test("AccountKey is the same after it was kept", () => {
  const key = AccountKey.generate();
  assert.equal(new AccountKey(key.pem).thumbprint, key.thumbprint);
});

test("AccountKey takes no other kind of key", () => {
  assert.throws(() => new AccountKey("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
});

test("bindExternally() is a JWS by the CA's MAC key over the account's own", () => {
  const { jwk } = AccountKey.generate();
  const hmacKey = Buffer.from("a secret of the operator's").toString("base64url");
  const bound = bindExternally({ kid: "kid-1", hmacKey }, jwk, "https://ca.test/new") as Record<string, string>;
  assert.deepEqual(decoded(bound.protected as string), { alg: "HS256", kid: "kid-1", url: "https://ca.test/new" });
  assert.deepEqual(decoded(bound.payload as string), jwk);
  const mac = createHmac("sha256", "a secret of the operator's").update(`${bound.protected}.${bound.payload}`);
  assert.equal(bound.signature, mac.digest("base64url"));
});
