import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { digestOf } from "../base/digest.ts";
import { openDatabase } from "./database.ts";
import { ServiceStore } from "./service-store.ts";
import { noSmallDisk, withSmallDisk } from "./small-disk.suite.ts";

const program = digestOf(Buffer.from("a program"));
const other = digestOf(Buffer.from("another"));

const noDisk = await noSmallDisk();

describe("ServiceStore", () => {
  let folder: string;
  let database: DatabaseSync;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "warren-store-"));
    database = openDatabase(join(folder, "warren.db"));
  });
  afterEach(() => {
    if (database.isOpen) database.close();
    rmSync(folder, { recursive: true });
  });

  const revision = (name: string, spec = "{}", digest = program) => ({
    namespace: "default",
    name,
    spec,
    program: digest,
    deployedAt: 1000,
  });

  it("commitRevision() takes a revision that needs no program", () => {
    const store = new ServiceStore(database);
    store.commitRevision(revision("shop"));
    store.commitRevision({ ...revision("shop"), program: undefined });
    assert.deepEqual(
      store.revisions("default", "shop").map((one) => one.program),
      [undefined, program],
    );
    assert.equal(store.get("default", "shop")?.revision.program, undefined);
    assert.deepEqual(store.programs(), new Set([program]));
  });

  it("commitRevision() makes a service and numbers its revisions", () => {
    const store = new ServiceStore(database);
    assert.equal(store.get("default", "shop"), undefined);
    assert.equal(store.commitRevision(revision("shop")).revision.number, 1);
    const second = store.commitRevision(revision("shop", '{"a":1}', other));
    assert.equal(second.revision.number, 2);
    assert.deepEqual(store.get("default", "shop"), second);
    assert.deepEqual(
      store.revisions("default", "shop").map(({ number, spec }) => [number, spec]),
      [
        [2, '{"a":1}'],
        [1, "{}"],
      ],
    );
  });

  it("commitRevision() wants a stopped service running again", () => {
    const store = new ServiceStore(database);
    store.commitRevision(revision("shop"));
    assert.equal(store.setDesired("default", "shop", "stopped"), true);
    assert.equal(store.get("default", "shop")?.desired, "stopped");
    store.commitRevision(revision("shop"));
    assert.equal(store.get("default", "shop")?.desired, "running");
  });

  it("commitRevision() refuses an unknown namespace and changes nothing", () => {
    const store = new ServiceStore(database);
    assert.throws(() => store.commitRevision({ ...revision("shop"), namespace: "nowhere" }), {
      code: "namespace.unknown",
    });
    assert.deepEqual(store.list(), []);
  });

  it("commitRevision() is all or nothing", () => {
    const store = new ServiceStore(database);
    store.commitRevision(revision("shop"));
    database.exec("CREATE TRIGGER refuse BEFORE INSERT ON revisions BEGIN SELECT raise(ABORT, 'refused'); END");
    assert.throws(() => store.commitRevision(revision("shop")), { code: "state.database" });
    assert.equal(store.get("default", "shop")?.revision.number, 1);
    database.exec("DROP TRIGGER refuse");
    assert.equal(store.commitRevision(revision("shop")).revision.number, 2);
  });

  it("commitRevision() keeps the newest revisions only", () => {
    const store = new ServiceStore(database, { revisionsMax: 2 });
    for (let count = 0; count < 4; count++) store.commitRevision(revision("shop", "{}", count === 0 ? other : program));
    assert.deepEqual(
      store.revisions("default", "shop").map(({ number }) => number),
      [4, 3],
    );
    assert.deepEqual([...store.programs()], [program]);
  });

  it("list() is ordered and can be limited to a namespace", () => {
    const store = new ServiceStore(database);
    for (const name of ["b", "a"]) store.commitRevision(revision(name));
    assert.deepEqual(
      store.list("default").map(({ name }) => name),
      ["a", "b"],
    );
    assert.deepEqual(store.list("elsewhere"), []);
    assert.deepEqual(store.namespaces(), ["default"]);
  });

  it("delete() removes the service, its revisions and its hold on programs", () => {
    const store = new ServiceStore(database);
    store.commitRevision(revision("shop"));
    assert.equal(store.delete("default", "shop"), true);
    assert.equal(store.delete("default", "shop"), false);
    assert.equal(store.setDesired("default", "shop", "running"), false);
    assert.equal(store.programs().size, 0);
    assert.deepEqual(store.revisions("default", "shop"), []);
  });

  it("keeps what was written across a reopening", () => {
    new ServiceStore(database).commitRevision(revision("shop", '{"x":"é"}'));
    database.close();
    database = openDatabase(join(folder, "warren.db"));
    assert.equal(new ServiceStore(database).get("default", "shop")?.revision.spec, '{"x":"é"}');
  });

  it("has lost nothing it answered when its process is killed", async () => {
    const writer = `
      const { openDatabase } = await import(process.argv[1] + "/database.ts");
      const { ServiceStore } = await import(process.argv[1] + "/service-store.ts");
      const store = new ServiceStore(openDatabase(process.argv[2]));
      for (;;) {
        const { revision } = store.commitRevision({
          namespace: "default", name: "shop", spec: "{}", program: "sha256:" + "0".repeat(64), deployedAt: 0,
        });
        process.stdout.write(revision.number + "\\n");
        await new Promise(setImmediate);
      }`;
    const path = join(folder, "killed.db");
    const child = spawn(process.execPath, ["--input-type=module", "-e", writer, import.meta.dirname, path], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
      if (output.split("\n").length > 20) child.kill("SIGKILL");
    });
    await once(child, "close");
    const answered = Number(output.split("\n").at(-2));
    const reopened = openDatabase(path);
    const current = new ServiceStore(reopened).get("default", "shop")?.revision.number ?? 0;
    reopened.close();
    // The last commit may have been made without being answered.
    assert.ok(answered >= 20 && current >= answered, `${current}, answered ${answered}`);
  });

  it("keeps the old revision when the disk is full, and goes on once there is room", { skip: noDisk }, async () => {
    await withSmallDisk("1m", async (path) => {
      const small = openDatabase(join(path, "warren.db"));
      const store = new ServiceStore(small);
      store.commitRevision(revision("shop"));
      const ballast = join(path, "ballast");
      assert.throws(() => writeFileSync(ballast, Buffer.alloc(2_000_000)), { code: "ENOSPC" });
      const large = revision("shop", "x".repeat(300_000));
      assert.throws(() => store.commitRevision(large), { code: "state.disk-full", status: 507 });
      assert.equal(store.get("default", "shop")?.revision.number, 1);
      rmSync(ballast);
      assert.equal(store.commitRevision(large).revision.number, 2);
      small.close();
    });
  });
});
