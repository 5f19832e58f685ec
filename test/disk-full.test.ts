import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemCode, WarrenError } from "../src/base/errors.ts";
import { noSmallDisk, withSmallDisk } from "../src/store/small-disk.suite.ts";
import { header } from "../src/wasm/testdata/build-module.ts";
import { requireToolchain } from "./guests/build.ts";
import { warren } from "./support/cli.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

const noDisk = await noSmallDisk();
const diskBytes = "12m";
const tooLargeBytes = 16 * 2 ** 20;

/** Writes until nothing more fits. */
function fill(path: string): void {
  const fd = openSync(path, "w");
  try {
    for (let pieceBytes = 65_536; pieceBytes >= 1; ) {
      try {
        writeSync(fd, Buffer.alloc(pieceBytes));
      } catch (error) {
        assert.equal(systemCode(error), "ENOSPC");
        pieceBytes = Math.floor(pieceBytes / 16);
      }
    }
  } finally {
    closeSync(fd);
  }
}

test("a full disk refuses deploys with a code and harms nothing that runs", { skip: noDisk }, async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  await withSmallDisk(diskBytes, async (disk) => {
    const ends: (() => unknown)[] = [];
    try {
      const daemon = await TestDaemon.start(
        { after: (end: unknown) => ends.push(end as () => unknown) },
        { state: join(disk, "state"), workers: 2 },
      );
      const { client, port, state } = daemon;
      await daemon.deploy("steady", "c-hello");
      await daemon.deploy("talker", "c-log-flood");
      const files = () => readdirSync(join(state, "blobs"), { recursive: true }).sort((a, b) => (a < b ? -1 : 1));
      const kept = files();
      const allServe = async (context: string) => {
        for (const name of ["steady", "talker"])
          assert.equal((await ask(port, `${name}.localhost`)).status, 200, context);
      };
      const refused = (work: Promise<unknown>, code: string) =>
        assert.rejects(work, (error) => {
          assert.ok(error instanceof WarrenError, String(error));
          assert.deepEqual([error.code, error.status], [code, 507], error.message);
          return true;
        });

      // A program that is larger than what is free.
      const large = Buffer.concat([Buffer.from(header), Buffer.alloc(tooLargeBytes)]);
      await refused(daemon.deployBytes("large", large), "blob.disk-full");
      assert.deepEqual(files(), kept, "something of it was left");
      const elsewhere = join(disk, "../large-program.wasm");
      writeFileSync(elsewhere, large);
      ends.push(() => rmSync(elsewhere, { force: true }));
      const { code, stderr } = await warren(daemon, ["deploy", "--name", "large", elsewhere]);
      assert.equal(code, 1);
      assert.match(stderr, /^warren: .*disk.* is full \(blob\.disk-full\)\nhint: free some space/);
      assert.deepEqual(files(), kept, "something of it was left");
      await allServe("after a program that was too large");
      await daemon.deploy("still", "c-http", { route: [{ host: "still.localhost" }] });

      // No byte left, for the database and the logs neither.
      const filler = join(disk, "filler");
      fill(filler);
      await refused(daemon.deploy("new", "c-crash"), "blob.disk-full");
      // Its program is here already; the revision cannot be recorded.
      await refused(daemon.deploy("second", "c-hello"), "state.disk-full");
      await refused(daemon.deploy("steady", "c-hello", { env: { NAME: "changed" } }), "state.disk-full");
      for (const name of ["new", "second"]) assert.equal((await ask(port, `${name}.localhost`)).status, 404);
      assert.match((await ask(port, "steady.localhost")).text, /^hello from c: /);
      assert.deepEqual(
        (await client.listServices("default")).map(({ name, revision, state }) => [name, revision, state]),
        ["steady", "still", "talker"].map((name) => [name, 1, "running"]),
      );
      // Four times what a service's log may hold in memory.
      assert.equal((await ask(port, "talker.localhost", "/flood?lines=40000")).status, 200);
      await allServe("while logs have no room");

      // A worker that dies now is replaced all the same.
      process.kill(daemon.workerPids()[0] as number, "SIGKILL");
      await daemon.logged("a worker was lost");
      await allServe("after a lost worker");

      rmSync(filler);
      assert.equal((await daemon.deploy("new", "c-crash")).state, "running");
      assert.equal((await daemon.deploy("steady", "c-hello", { env: { NAME: "changed" } })).revision, 2);
      assert.match((await ask(port, "steady.localhost")).text, /^hello from changed: /);
      await ask(port, "talker.localhost", "/flood?lines=3");
      for (const until = Date.now() + 10_000; ; ) {
        const { stdout } = await warren(daemon, ["logs", "--tail", "1", "talker"]);
        if (/3 \.{20}/.test(stdout)) break;
        assert.ok(Date.now() < until, `the log does not go on: ${stdout}`);
      }

      // All of it is on the disk: the next daemon finds it.
      assert.deepEqual(await daemon.kill("SIGTERM"), { code: 0, signal: null });
      await daemon.launch();
      assert.match((await ask(daemon.port, "steady.localhost")).text, /^hello from changed: /);
    } finally {
      for (const end of ends) await end();
    }
  });
});
