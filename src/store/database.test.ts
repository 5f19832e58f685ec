import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { migrate, openDatabase, transaction } from "./database.ts";
import { ServiceStore } from "./service-store.ts";

describe("openDatabase()", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "warren-database-"));
    path = join(folder, "warren.db");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("makes commits durable", () => {
    const database = openDatabase(path);
    assert.equal(database.prepare("PRAGMA journal_mode").get()?.journal_mode, "wal");
    assert.equal(database.prepare("PRAGMA synchronous").get()?.synchronous, 2);
    assert.equal(database.prepare("PRAGMA foreign_keys").get()?.foreign_keys, 1);
    database.close();
  });

  it("refuses a database of a newer warren and leaves it alone", () => {
    const database = openDatabase(path);
    database.exec("PRAGMA user_version = 9999");
    database.close();
    assert.throws(() => openDatabase(path), { code: "state.newer", message: /schema 9999/ });
  });

  it("says that a damaged database is damaged", () => {
    writeFileSync(path, "this is not a database, whatever its name says".repeat(100));
    assert.throws(() => openDatabase(path), { code: "state.corrupt", hint: /restore/ });
  });

  it("notices a damaged page, and a database that was cut short", () => {
    const database = openDatabase(path);
    const store = new ServiceStore(database);
    for (let count = 0; count < 200; count++) {
      store.commitRevision({
        namespace: "default",
        name: `s${count}`,
        spec: "x".repeat(500),
        program: `sha256:${"0".repeat(64)}`,
        deployedAt: 0,
      });
    }
    database.close();
    const whole = join(folder, "whole.db");
    copyFileSync(path, whole);
    const bytes = readFileSync(whole);
    writeFileSync(path, bytes.fill(0xff, 4096 * 3, 4096 * 10));
    assert.throws(() => openDatabase(path), { code: "state.corrupt" });
    copyFileSync(whole, path);
    truncateSync(path, Math.floor(statSync(whole).size / 2));
    assert.throws(() => openDatabase(path), { code: "state.corrupt" });
  });

  it("migrate() applies what is missing, each step whole", () => {
    const database = new DatabaseSync(path);
    const first = { version: 1, sql: "CREATE TABLE a (x INTEGER)" };
    const bad = { version: 2, sql: "CREATE TABLE b (x INTEGER); CREATE TABLE a (x INTEGER)" };
    migrate(database, path, [first]);
    migrate(database, path, [first]);
    assert.throws(() => migrate(database, path, [first, bad]), { code: "state.database" });
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    assert.deepEqual(
      tables.map(({ name }) => name),
      ["a"],
    );
    assert.equal(database.prepare("PRAGMA user_version").get()?.user_version, 1);
    database.close();
  });

  it("transaction() undoes everything when its work throws", () => {
    const database = openDatabase(path);
    const failure = new Error("no");
    const work = (): never => {
      database.exec("INSERT INTO namespaces (name) VALUES ('x')");
      throw failure;
    };
    assert.throws(() => transaction(database, work), failure);
    assert.deepEqual(new ServiceStore(database).namespaces(), ["default"]);
    database.close();
  });
});
