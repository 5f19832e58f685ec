import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseOutboundGrant } from "../../src/base/outbound-grant.ts";
import { workerPlan } from "../../src/daemon/wall/plans.ts";
import { buildWall } from "../../src/daemon/wall/wall.ts";
import { errno } from "../../src/wasi/errno.ts";
import { ConnectorRig } from "./connector-rig.ts";
import type { Prey } from "./outbound-attacker.ts";

const root = join(import.meta.dirname, "../..");

/** A TCP and a UDP server on one port of this machine, and how often somebody came. */
async function place(t: TestContext): Promise<{ port: number; visits: { tcp: number; udp: number } }> {
  const visits = { tcp: 0, udp: 0 };
  for (;;) {
    const tcp: Server = createServer((socket: Socket) => {
      visits.tcp++;
      socket.on("error", () => {});
    }).listen(0, "127.0.0.1");
    await once(tcp, "listening");
    const { port } = tcp.address() as { port: number };
    const udp: UdpSocket = createSocket("udp4");
    udp.on("message", (data, from) => {
      visits.udp++;
      udp.send(data, from.port, from.address);
    });
    udp.bind(port, "127.0.0.1");
    try {
      await once(udp, "listening");
    } catch {
      // Somebody else's port by now.
      tcp.close();
      continue;
    }
    t.after(() => {
      tcp.close();
      udp.close();
    });
    return { port, visits };
  }
}

test("an attacker with JavaScript of his own in a worker reaches what the services in it are granted, and no more", async (t) => {
  const [granted, forbidden] = [await place(t), await place(t)];
  const rig = await ConnectorRig.start(t, { servers: [], hosts: { "other.example": ["127.0.0.1"] } });
  const both = (port: number) => ({
    grants: [parseOutboundGrant(`127.0.0.1:${port}`), parseOutboundGrant(`127.0.0.1:${port}/udp`)],
  });
  await rig.grant("own", "default/own", both(granted.port));
  await rig.grant("other", "default/other", {
    ...both(forbidden.port),
    services: [{ service: "default/db", firstPort: 1, lastPort: 65_535 }],
  });
  let offers = 0;
  await rig.worker(t, "other", {
    accept: (_body: never, fds: number[]) => {
      offers++;
      for (const fd of fds) closeSync(fd);
      return {};
    },
  });
  const { stream, lane } = await rig.workerEnds("own");
  const whole = workerPlan(buildWall("require"), { id: "own", version: "test", memoryBytesMax: 2 ** 30 }, []);
  const { read = [], mounts = [] } = whole.paths ?? {};
  const prey: Prey = { granted: granted.port, forbidden: forbidden.port };
  const plan = {
    ...whole,
    entry: join(import.meta.dirname, "outbound-attacker.ts"),
    args: { ...(whole.args as object), prey },
    paths: { read: [...read, import.meta.dirname], mounts },
  };
  const nothing = openSync("/dev/null", "r+");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(root, "src/worker/launcher.ts"), JSON.stringify(plan)],
    { stdio: ["ignore", "pipe", "pipe", stream, lane, nothing], env: {}, cwd: "/" },
  );
  for (const fd of [stream, lane, nothing]) closeSync(fd);
  const text = (from: NodeJS.ReadableStream | null) =>
    (from as NodeJS.ReadableStream & { toArray(): Promise<Buffer[]> })
      .toArray()
      .then((all) => String(Buffer.concat(all)));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  assert.equal(errors, "");
  const {
    granted: connected,
    "granted datagrams": port,
    "datagrams sent": datagrams,
    ...attempts
  } = JSON.parse(output) as Record<string, string>;
  assert.equal(connected, "got a descriptor");
  assert.equal(port, "got a descriptor");
  assert.equal(datagrams, "answered granted, refused forbidden");
  const denied = new Set([
    JSON.stringify({ error: -errno.ACCES }),
    JSON.stringify({ error: -errno.INVAL }),
    "link.unknown-order",
    // EPERM of the filter; EINVAL of a connected socket.
    "-1",
    "-22",
  ]);
  assert.ok(Object.keys(attempts).length > 35, `${Object.keys(attempts).length} attempts`);
  for (const [what, result] of Object.entries(attempts)) assert.ok(denied.has(result), `${what}: ${result}`);
  assert.deepEqual(granted.visits, { tcp: 1, udp: 1 });
  assert.deepEqual(forbidden.visits, { tcp: 0, udp: 0 });
  assert.equal(offers, 0);
});
