import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { askSecurely } from "./support/https.ts";
import { Pebble, type PebbleSettings } from "./support/pebble.ts";
import { freePort } from "./support/ports.ts";

interface Setting {
  readonly pebble?: Partial<PebbleSettings>;
  readonly args?: readonly string[];
}

/** A CA and a daemon that uses it, with ports where each finds the other. */
async function both(
  t: TestContext,
  { pebble: more = {}, args = [] }: Setting = {},
): Promise<{ pebble: Pebble; daemon: TestDaemon }> {
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  const pebble = await Pebble.start(t, { httpPort, tlsPort, ...more });
  const daemon = await TestDaemon.start(t, {
    http: `127.0.0.1:${httpPort}`,
    args: [
      "--https",
      `127.0.0.1:${tlsPort}`,
      "--acme",
      "me@warren.test",
      "--acme-ca",
      pebble.directory,
      "--acme-root",
      pebble.rootFile,
      ...args,
    ],
  });
  return { pebble, daemon };
}

async function toolchains(t: TestContext): Promise<boolean> {
  return (await requireToolchain(t, "go")) && (await requireToolchain(t, "c"));
}

function told(daemon: TestDaemon, type: string, host: string, from = 0): Promise<Record<string, unknown>> {
  return daemon.loggedWhere((record) => record.type === type && record.host === host, from);
}

test("a host that is deployed gets a certificate, by HTTP-01", async (t) => {
  if (!(await toolchains(t))) return;
  const { pebble, daemon } = await both(t);
  await daemon.deploy("shop", "c-hello", { route: [{ host: "shop.test" }] });
  await told(daemon, "certificate.issued", "shop.test");
  const answer = await askSecurely(daemon.httpsPort, "shop.test", { ca: await pebble.root() });
  assert.equal(answer.status, 200);
  assert.equal(answer.shown, "DNS:shop.test");
});
