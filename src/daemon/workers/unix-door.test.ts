import assert from "node:assert/strict";
import { chmodSync, closeSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { InstanceSpec, UnixGrant } from "../../worker/protocol.ts";
import { UnixDoor } from "./unix-door.ts";

async function listen(t: TestContext, path: string): Promise<string> {
  const server = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  chmodSync(path, 0o666);
  return path;
}

async function door(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "warren-door-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const state = join(folder, "state");
  mkdirSync(state);
  const socket = await listen(t, join(folder, "api.sock"));
  const door = new UnixDoor({ user: undefined, state, socket });
  /** What comes of asking, as the guest `shop` of revision 1. */
  const ask = (path: string, { worker = "w1", service = "default/shop", revision = 1 } = {}): string => {
    const { body, fds } = door.open({ id: worker }, { service, revision, path });
    for (const fd of fds) closeSync(fd);
    return (body as { error?: string }).error ?? `${fds.length} descriptor`;
  };
  const permit = (...unix: UnixGrant[]): void =>
    door.permit({ id: "w1" }, { service: "default/shop", revision: 1, unix } as Partial<InstanceSpec> as InstanceSpec);
  return { door, folder, state, socket, ask, permit };
}

test("UnixDoor connects whom it was told to, by the guest's name for the socket, until it is told otherwise", async (t) => {
  const { door: it, folder, ask, permit } = await door(t);
  const source = await listen(t, join(folder, "db.sock"));
  assert.equal(ask("/db"), "denied");
  permit({ path: "/db", source });
  assert.equal(ask("/db"), "1 descriptor");
  assert.equal(ask(source), "denied");
  assert.equal(ask("/db", { worker: "w2" }), "denied");
  assert.equal(ask("/db", { service: "other/shop" }), "denied");
  assert.equal(ask("/db", { revision: 2 }), "denied");
  it.revoke({ worker: "w1", service: "default/shop", revision: 1 });
  assert.equal(ask("/db"), "denied");
  permit({ path: "/db", source });
  it.leave({ id: "w1" });
  assert.equal(ask("/db"), "denied");
});

test("UnixDoor leads to no socket of the daemon's own, by whatever name", async (t) => {
  const { folder, state, socket, ask, permit } = await door(t);
  mkdirSync(join(state, "workers"));
  const worker = await listen(t, join(state, "workers", "1.sock"));
  symlinkSync(socket, join(folder, "link"));
  symlinkSync(state, join(folder, "folder"));
  const sources = [socket, worker, join(folder, "link"), join(folder, "folder/workers/1.sock"), `${folder}/./api.sock`];
  permit(...sources.map((source) => ({ path: source, source })));
  assert.deepEqual(
    sources.map((source) => ask(source)),
    sources.map(() => "denied"),
  );
});

test("UnixDoor holds a guest back that connects without end", async (t) => {
  const { folder, ask, permit } = await door(t);
  permit({ path: "/db", source: await listen(t, join(folder, "db.sock")) });
  const answers = new Set<string>();
  for (let count = 0; count < 1000; count++) answers.add(ask("/db"));
  assert.ok(answers.has("busy"), [...answers].join());
});
