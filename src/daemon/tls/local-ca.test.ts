import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { checkPair } from "./certificate.ts";
import { LocalCa } from "./local-ca.ts";

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "warren-ca-"));
  t.after(() => rmSync(path, { recursive: true }));
  return join(path, "local");
}

test("LocalCa certifies names and addresses, by an authority that is made once", async (t) => {
  const path = directory(t);
  const ca = new LocalCa(path);
  const pair = checkPair(await ca.pairFor(["a.localhost", "*.b.localhost", "127.0.0.1", "::1"], 0));
  assert.deepEqual(pair.names, ["a.localhost", "*.b.localhost", "127.0.0.1", "::1"]);
  const leaf = new X509Certificate(pair.chain);
  const root = new X509Certificate(await ca.certificate());
  assert.ok(leaf.verify(root.publicKey));
  assert.equal(leaf.ca, false);
  assert.equal(root.ca, true);
  assert.equal(await new LocalCa(path).certificate(), await ca.certificate());
  for (const file of readdirSync(path)) assert.equal(statSync(join(path, file)).mode & 0o777, 0o600, file);
});

test("LocalCa gives what it made before, unless it ends too soon, lacks a name or is of another authority", async (t) => {
  const path = directory(t);
  const day = 24 * 60 * 60_000;
  const fingerprint = async (names: [string, ...string[]], leftMs: number): Promise<string> =>
    checkPair(await new LocalCa(path).pairFor(names, leftMs)).fingerprint;
  const first = await fingerprint(["a.localhost"], 300 * day);
  assert.equal(await fingerprint(["a.localhost"], 300 * day), first);
  const second = await fingerprint(["a.localhost"], 397 * day);
  assert.notEqual(second, first);
  const third = await fingerprint(["a.localhost", "c.localhost"], day);
  assert.notEqual(third, second);
  rmSync(join(path, "ca.crt"));
  assert.notEqual(await fingerprint(["a.localhost"], day), third);
});

test("LocalCa.keepOnly() removes the certificates of other names", async (t) => {
  const path = directory(t);
  const ca = new LocalCa(path);
  await ca.pairFor(["a.localhost"], 0);
  await ca.pairFor(["*.b.localhost"], 0);
  await ca.keepOnly(new Set(["*.b.localhost"]));
  assert.deepEqual(readdirSync(path).sort(), ["_.b.localhost.leaf", "ca.crt", "ca.key"]);
});
