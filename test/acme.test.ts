import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { makePair } from "./support/certificates.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";
import { askSecurely } from "./support/https.ts";
import { Pebble, type PebbleSettings } from "./support/pebble.ts";
import { freePort } from "./support/ports.ts";

interface Setting {
  readonly pebble?: Partial<PebbleSettings>;
  /** Asked before the Pebble, or instead of it. */
  readonly first?: readonly string[];
  readonly args?: readonly string[];
}

interface Both {
  readonly pebble: Pebble;
  readonly daemon: TestDaemon;
}

/** A CA and a daemon that uses it, with ports where each finds the other. */
async function both(t: TestContext, { pebble: more = {}, first = [], args = [] }: Setting = {}): Promise<Both> {
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  const pebble = await Pebble.start(t, { httpPort, tlsPort, ...more });
  const authorities = [...first, pebble.directory].flatMap((ca) => ["--acme-ca", ca]);
  const daemon = await TestDaemon.start(t, {
    http: `127.0.0.1:${httpPort}`,
    args: [
      ...["--https", `127.0.0.1:${tlsPort}`, "--acme", "me@warren.test"],
      ...[...authorities, "--acme-root", pebble.rootFile, ...args],
    ],
  });
  return { pebble, daemon };
}

async function toolchains(t: TestContext): Promise<boolean> {
  return (await requireToolchain(t, "go")) && (await requireToolchain(t, "c"));
}

const shop = { route: [{ host: "shop.test" }] };

/** The daemon's word that something became of a host's certificate. */
function told(daemon: TestDaemon, type: string, host = "shop.test", from = 0): Promise<Record<string, unknown>> {
  return daemon.loggedWhere((record) => record.type === `certificate.${type}` && record.host === host, from);
}

/** The certificate that clients of a host are shown. */
function kept(daemon: TestDaemon, host = "shop.test"): X509Certificate {
  const text = readFileSync(join(daemon.state, "acme", "names", `${host}.json`), "utf8");
  return new X509Certificate((JSON.parse(text) as { certificate: { chain: string } }).certificate.chain);
}

async function served({ pebble, daemon }: Both, host = "shop.test"): Promise<void> {
  const answer = await askSecurely(daemon.httpsPort, host, { ca: await pebble.root() });
  assert.equal(answer.status, 200);
  assert.equal(answer.shown, `DNS:${host}`);
}

test("a host that is deployed gets a certificate by HTTP-01, which outlives the daemon", async (t) => {
  if (!(await toolchains(t))) return;
  const setting = await both(t, { pebble: { badNonces: 40 } });
  const { daemon, pebble } = setting;
  await daemon.deploy("shop", "c-hello", shop);
  await told(daemon, "issued");
  await served(setting);
  const [state] = await daemon.client.listAcmeNames();
  assert.equal(state?.state, "issued");
  assert.equal(state?.ca, new URL(pebble.directory).host);
  assert.ok(Date.parse(state?.renewAt ?? "") < Date.parse(state?.notAfter ?? ""));
  for (const folder of ["accounts", "names"]) {
    const path = join(daemon.state, "acme", folder);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    for (const file of readdirSync(path)) assert.equal(statSync(join(path, file)).mode & 0o777, 0o600);
  }
  const { serialNumber } = kept(daemon);
  const from = daemon.log.length;
  await daemon.kill("SIGKILL");
  await pebble.stop();
  await daemon.launch();
  assert.equal(kept(daemon).serialNumber, serialNumber);
  const answer = await askSecurely(daemon.httpsPort, "shop.test");
  assert.deepEqual([answer.status, answer.shown], [200, "DNS:shop.test"]);
  assert.ok(!daemon.log.slice(from).some(({ type }) => type === "certificate.issued"));
});

test("what HTTP-01 cannot prove, TLS-ALPN-01 does at the next try", async (t) => {
  if (!(await toolchains(t))) return;
  const httpPort = await freePort();
  const setting = await both(t, { pebble: { httpPort } });
  const { daemon } = setting;
  await daemon.deploy("shop", "c-hello", shop);
  const failure = await told(daemon, "failed");
  assert.match(String(failure.msg), /^shop.test by http-01: the CA at 127.0.0.1:\d+ refused: .*; next try /);
  const [state] = await daemon.client.listAcmeNames();
  assert.equal(state?.state, "failed");
  assert.ok(Date.parse(state?.nextTry ?? "") > Date.now());
  // Plain HTTP is served meanwhile, and not redirected to what clients would not trust.
  assert.equal((await ask(daemon.port, "shop.test")).status, 200);
  assert.equal((await daemon.client.renewCertificate("shop.test")).state, "issued");
  await served(setting);
});

test("a certificate is renewed before it ends, and when its CA asks for it", async (t) => {
  if (!(await toolchains(t))) return;
  const setting = await both(t, { pebble: { validity: 20 } });
  const { daemon } = setting;
  await daemon.deploy("shop", "c-hello", shop);
  await told(daemon, "issued");
  const before = kept(daemon).serialNumber;
  await told(daemon, "renewed");
  assert.notEqual(kept(daemon).serialNumber, before);
  await served(setting);
});

test("a CA that wants a certificate renewed early is heard", async (t) => {
  if (!(await toolchains(t))) return;
  const setting = await both(t);
  const { daemon, pebble } = setting;
  await daemon.deploy("shop", "c-hello", shop);
  await told(daemon, "issued");
  const before = kept(daemon);
  await pebble.suggest(before.toString(), { start: new Date(Date.now() - 20_000), end: new Date(Date.now() - 10_000) });
  // It is asked some hours later, or by a daemon that has not asked since.
  await daemon.kill("SIGKILL");
  const file = join(daemon.state, "acme", "names", "shop.test.json");
  const record = JSON.parse(readFileSync(file, "utf8")) as { certificate: { askAt: number } };
  record.certificate.askAt = 0;
  writeFileSync(file, JSON.stringify(record));
  await daemon.launch();
  await told(daemon, "renewed");
  assert.notEqual(kept(daemon).serialNumber, before.serialNumber);
  await served(setting);
});

test("a certificate can be revoked, and the accounts get new keys", async (t) => {
  if (!(await toolchains(t))) return;
  const setting = await both(t);
  const { daemon, pebble } = setting;
  await assert.rejects(daemon.client.renewCertificate("shop.test"), { code: "acme.unknown-name" });
  await daemon.deploy("shop", "c-hello", shop);
  await told(daemon, "issued");
  const first = kept(daemon);
  const account = (): { key: string; url: string; nextKey?: string } => {
    const folder = join(daemon.state, "acme", "accounts");
    return JSON.parse(readFileSync(join(folder, readdirSync(folder)[0] as string), "utf8"));
  };
  const old = account();
  assert.equal((await warren(daemon, ["tls", "rekey"])).code, 0);
  assert.notEqual(account().key, old.key);
  assert.equal(account().url, old.url);
  assert.equal(account().nextKey, undefined);
  const from = daemon.log.length;
  const revoked = await warren(daemon, ["tls", "revoke", "--reason", "key-compromise", "shop.test", "other.test"]);
  assert.deepEqual([revoked.code, revoked.stdout], [1, "shop.test\n"]);
  assert.match(revoked.stderr, /other.test gets no certificate by ACME: no service is routed by that name/);
  assert.equal(await pebble.statusOf(first.serialNumber), "Revoked");
  await told(daemon, "issued", "shop.test", from);
  assert.notEqual(kept(daemon).serialNumber, first.serialNumber);
  assert.notDeepEqual(kept(daemon).publicKey.export({ format: "jwk" }), first.publicKey.export({ format: "jwk" }));
  await served(setting);
  // A change of keys that was cut off after the CA had it: the daemon asks which of the two is known.
  const now = account();
  await daemon.kill("SIGKILL");
  const folder = join(daemon.state, "acme", "accounts");
  const file = join(folder, readdirSync(folder)[0] as string);
  writeFileSync(file, JSON.stringify({ ...now, key: old.key, nextKey: now.key }));
  await daemon.launch();
  assert.equal((await daemon.client.renewCertificate("shop.test")).state, "issued");
  assert.equal(account().key, now.key);
});

test("a CA that is down, refuses, or fails is followed by the next one", async (t) => {
  if (!(await toolchains(t))) return;
  const down = `https://127.0.0.1:${await freePort()}/dir`;
  const setting = await both(t, { first: [down], pebble: { refused: ["blocked.test"] } });
  const { daemon, pebble } = setting;
  await daemon.deploy("shop", "c-hello", {
    route: [{ host: "shop.test" }, { host: "blocked.test" }, { host: "*.wild.test" }],
  });
  await told(daemon, "issued");
  await served(setting);
  const refusal = await told(daemon, "failed", "blocked.test");
  assert.match(String(refusal.msg), /rejectedIdentifier/);
  assert.match(
    (await warren(daemon, ["tls", "hosts", "blocked.test"])).stdout,
    /^blocked.test +failed .*rejectedIdentifier/m,
  );
  const states = await daemon.client.listAcmeNames();
  assert.deepEqual(
    states.map(({ host, state }) => [host, state]),
    [
      ["*.wild.test", "unsupported"],
      ["blocked.test", "failed"],
      ["shop.test", "issued"],
    ],
  );
  // One that has forgotten everything, as a test CA does, gets a new account.
  await pebble.stop();
  await assert.rejects(daemon.client.renewCertificate("shop.test"), { code: "acme.unreachable" });
  assert.equal((await askSecurely(daemon.httpsPort, "shop.test")).status, 200);
  await pebble.launch();
  assert.equal((await daemon.client.renewCertificate("shop.test")).state, "issued");
  await served(setting);
});

test("accounts are bound to those of the operator where the CA asks for it", async (t) => {
  if (!(await toolchains(t))) return;
  const hmacKey = Buffer.alloc(32, 7).toString("base64url");
  const setting = await both(t, { pebble: { external: { "kid-1": hmacKey } } });
  await setting.daemon.deploy("shop", "c-hello", shop);
  assert.match(String((await told(setting.daemon, "failed")).msg), /--acme-eab/);
  const file = join(setting.daemon.state, "eab");
  writeFileSync(file, `kid-1 ${hmacKey}\n`);
  const bound = await TestDaemon.start(t, {
    http: `127.0.0.1:0`,
    args: [
      ...["--https", "127.0.0.1:0", "--acme", "me@warren.test", "--acme-ca", setting.pebble.directory],
      ...["--acme-root", setting.pebble.rootFile, "--acme-eab", `${setting.pebble.directory}=${file}`],
    ],
  });
  await bound.deploy("shop", "c-hello", shop);
  // Bound, and then looked for where the other daemon is.
  assert.match(String((await told(bound, "failed")).msg), /by http-01/);
});

test("a daemon that is killed in the middle of an order begins it anew", async (t) => {
  if (!(await toolchains(t))) return;
  // Holds the CA's look at the proof up, and with it the order.
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const holding = createServer(() => resolve());
  holding.listen(0, "127.0.0.1");
  t.after(() => {
    holding.closeAllConnections();
    holding.close();
  });
  await new Promise((listening) => holding.once("listening", listening));
  const httpPort = (holding.address() as { port: number }).port;
  const setting = await both(t, { pebble: { httpPort } });
  const { daemon } = setting;
  await daemon.deploy("shop", "c-hello", shop);
  await reached;
  await daemon.kill("SIGKILL");
  await daemon.launch();
  assert.equal((await ask(daemon.port, "shop.test")).status, 200);
  // Again, and then by the other way: the operator does not wait for the back-off.
  holding.closeAllConnections();
  holding.close();
  await told(daemon, "failed");
  assert.equal((await daemon.client.renewCertificate("shop.test")).state, "issued");
  await served(setting);
});

test("nothing is ordered for hosts that have a certificate from a file, or are no longer routed", async (t) => {
  if (!(await toolchains(t))) return;
  const directory = mkdtempSync(join(tmpdir(), "warren-acme-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const pair = makePair(["covered.test", "*.wild.test"]);
  writeFileSync(join(directory, "covered.pem"), pair.key + pair.chain);
  const { daemon } = await both(t, { args: ["--tls", directory] });
  const hosts = ["covered.test", "*.wild.test", "shop.test", "localhost", "a.localhost"];
  await daemon.deploy("shop", "c-hello", { route: hosts.map((host) => ({ host })) });
  await told(daemon, "issued");
  const states = async (): Promise<string[]> =>
    (await daemon.client.listAcmeNames()).map(({ host, state }) => `${host} ${state}`);
  assert.deepEqual(await states(), ["covered.test covered", "shop.test issued"]);
  const { serialNumber } = kept(daemon);
  await daemon.client.deleteService("default", "shop");
  await daemon.deploy("other", "c-hello", { route: [{ host: "other.test" }] });
  await told(daemon, "issued", "other.test");
  assert.deepEqual(await states(), ["other.test issued"]);
  await assert.rejects(daemon.client.revokeCertificate("shop.test"), { code: "acme.unknown-name" });
  assert.notEqual((await askSecurely(daemon.httpsPort, "shop.test")).shown, "DNS:shop.test");
  // What was issued is shown again.
  const from = daemon.log.length;
  await daemon.deploy("shop", "c-hello", { route: [{ host: "shop.test" }, { host: "new.test" }] });
  await told(daemon, "issued", "new.test", from);
  assert.equal((await askSecurely(daemon.httpsPort, "shop.test")).shown, "DNS:shop.test");
  assert.equal(kept(daemon).serialNumber, serialNumber);
  const events = daemon.log.slice(from).filter(({ host }) => host === "shop.test");
  assert.deepEqual(events, []);
});

test("options of ACME that make no sense are refused before anything is served", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--acme", "me@example.com"], /--acme gets certificates for an HTTPS listener, and there is none/],
    [["--https", ":0", "--acme-staging"], /the options --acme-… do nothing without --acme EMAIL/],
    [["--https", ":0", "--acme", "me"], /Expected the address of a mailbox/],
    [
      ["--https", ":0", "--acme", "me@example.com", "--acme-ca", "http://ca.test"],
      /no CA that is known, and no https address/,
    ],
    [["--https", ":0", "--acme", "me@example.com", "--acme-ca", "zerossl", "--acme-staging"], /cannot be used with/],
    [["--https", ":0", "--acme", "me@example.com", "--acme-root", "/nowhere"], /\/nowhere cannot be read/],
    [["--https", ":0", "--acme", "me@example.com", "--acme-root", "/etc/passwd"], /holds no certificate in PEM/],
    [["--https", ":0", "--acme", "me@example.com", "--acme-eab", "zerossl"], /Expected a CA and a file/],
  ];
  const state = mkdtempSync(join(tmpdir(), "warren-acme-"));
  try {
    for (const [args, expected] of cases) {
      const place = ["--state", join(state, "state"), "--socket", join(state, "socket"), "--http", "127.0.0.1:0"];
      const { code, stderr } = await warren(undefined, ["serve", ...place, ...args]);
      assert.ok(code === 1 || code === 2, args.join(" "));
      assert.match(stderr, expected);
    }
  } finally {
    rmSync(state, { recursive: true });
  }
});
