import assert from "node:assert/strict";
import { test } from "node:test";
import { makePair } from "../../../test/support/certificates.ts";
import type { CertificateChanges } from "../../worker/protocol.ts";
import { checkPair } from "./certificate.ts";
import { Certificates } from "./certificates.ts";

function told(certificates: Certificates): CertificateChanges[] {
  const all: CertificateChanges[] = [];
  certificates.readers = {
    certificates: async (changes) => void all.push(changes),
    challenges: async () => {},
  };
  return all;
}

test("Certificates finds the exact name before the wildcard, and a star stands for one label", async () => {
  const certificates = new Certificates();
  await certificates.put("file", "wild", makePair(["*.a.test"]));
  await certificates.put("file", "exact", makePair(["x.a.test", "192.0.2.1"]));
  const found = (host: string) => certificates.find(host)?.name;
  assert.equal(found("x.a.test"), "exact");
  assert.equal(found("y.a.test"), "wild");
  assert.equal(found("192.0.2.1"), "exact");
  for (const host of ["a.test", "z.y.a.test", "test", "", "b.test", "*.b.test"])
    assert.equal(found(host), undefined, host);
});

test("Certificates shows of two for one name that of the file, then of ACME; one that is in force before one that is not", async () => {
  const certificates = new Certificates();
  const changes = told(certificates);
  const shown = () => certificates.find("a.test")?.source;
  await certificates.put("local", "a.test", makePair(["a.test"]));
  assert.equal(shown(), "local");
  await certificates.put("acme", "a.test", makePair(["a.test"]));
  assert.equal(shown(), "acme");
  await certificates.replace(
    [{ ...checkPair(makePair(["a.test"])), notAfter: Date.now() - 1, source: "file", name: "a" }],
    [],
  );
  assert.equal(shown(), "acme");
  await certificates.put("file", "b", makePair(["a.test", "b.test"]));
  assert.equal(shown(), "file");
  await certificates.remove("file", "b");
  await certificates.remove("acme", "a.test");
  assert.equal(shown(), "local");
  const last = changes.at(-1);
  assert.deepEqual(
    last?.names?.map(({ name, known }) => [name, known]),
    [["a.test", false]],
  );
  await certificates.remove("file", "a");
  await certificates.remove("local", "a.test");
  assert.deepEqual(changes.at(-1)?.nameless, ["a.test"]);
  assert.deepEqual(certificates.list(), []);
  assert.deepEqual(certificates.snapshot(), { forget: true, keys: [], names: [], standard: "" });
});

test("Certificates tells what changes and nothing else; the same once more drops nothing", async () => {
  const certificates = new Certificates();
  const changes = told(certificates);
  const pair = makePair(["a.test", "b.test"]);
  await certificates.put("acme", "one", pair);
  await certificates.put("acme", "one", pair);
  assert.deepEqual(changes[1]?.drop, []);
  await certificates.put("acme", "one", makePair(["b.test"]));
  assert.deepEqual(changes[2]?.nameless, ["a.test"]);
  assert.deepEqual(changes[2]?.drop, [changes[0]?.keys?.[0]?.id]);
});

test("checkPair() puts the leaf first and reads its names", () => {
  const other = makePair(["other.test"]);
  const pair = makePair(["A.test", "*.b.test", "192.0.2.1", "2001:db8::1"]);
  const { names, chain } = checkPair({ chain: other.chain + pair.chain, key: pair.key });
  assert.deepEqual(names, ["a.test", "*.b.test", "192.0.2.1", "2001:db8::1"]);
  assert.ok(chain.startsWith(pair.chain.trim()));
});

const pair = makePair(["a.test"]);
const wrong: readonly (readonly [what: string, chain: string, key: string, code: string])[] = [
  ["another's key", pair.chain, makePair(["a.test"]).key, "tls.key"],
  ["no key", pair.chain, "", "tls.key"],
  ["a key that is none", pair.chain, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "tls.key"],
  ["an encrypted key", pair.chain, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", "tls.key"],
  ["no certificate", "", pair.key, "tls.certificate"],
  ["a broken certificate", pair.chain.replace(/[A-Z]{4}/, "AAAA"), pair.key, "tls.certificate"],
  ["too long a chain", pair.chain.repeat(11), pair.key, "tls.certificate"],
];
for (const [what, chain, key, code] of wrong)
  test(`checkPair() refuses ${what}`, () => assert.throws(() => checkPair({ chain, key }), { code }));
