import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openStateDirectory } from "./state-directory.ts";

const holder = `
  const { openStateDirectory } = await import(process.argv[1]);
  openStateDirectory(process.argv[2]);
  console.log("held");
  setInterval(() => {}, 1000);
`;

describe("openStateDirectory()", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "warren-state-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("makes the directory and its parents, closed to others", () => {
    const path = join(folder, "a", "b", "state");
    const state = openStateDirectory(path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.equal(statSync(join(path, "lock")).mode & 0o777, 0o600);
    assert.equal(state.path, path);
    state.close();
    openStateDirectory(path).close();
  });

  it("refuses a file, and a path through a file", () => {
    const path = join(folder, "file");
    writeFileSync(path, "");
    for (const where of [path, join(path, "state")]) {
      assert.throws(() => openStateDirectory(where), { code: "state.not-a-directory" });
    }
  });

  it("refuses a directory that others can enter, and says how to close it", () => {
    const path = join(folder, "open");
    mkdirSync(path);
    for (const mode of [0o750, 0o701, 0o777]) {
      chmodSync(path, mode);
      assert.throws(() => openStateDirectory(path), { code: "state.permissions", hint: `close it: chmod 700 ${path}` });
    }
  });

  it("refuses a directory that cannot be written to", () => {
    assert.throws(() => openStateDirectory("/proc/warren"), { code: "state.not-writable" });
    const path = join(folder, "read-only");
    mkdirSync(path, { mode: 0o500 });
    if (process.geteuid?.() !== 0) assert.throws(() => openStateDirectory(path), { code: "state.not-writable" });
  });

  it("refuses a directory of another user", {
    skip: process.geteuid?.() === 0 ? false : "only root can make one",
  }, async () => {
    const { chownSync } = await import("node:fs");
    const path = join(folder, "foreign");
    mkdirSync(path, { mode: 0o700 });
    chownSync(path, 12345, 12345);
    assert.throws(() => openStateDirectory(path), { code: "state.permissions", message: /belongs to user 12345/ });
  });

  it("is held by one process at a time, named in the error, until that ends", async () => {
    const path = join(folder, "held");
    const module = join(import.meta.dirname, `state-directory.ts`);
    const child = spawn(process.execPath, ["--input-type=module", "-e", holder, module, path], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(child.stdout, "data");
    assert.throws(() => openStateDirectory(path), {
      code: "state.locked",
      message: new RegExp(`\\(pid ${child.pid}\\)`),
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    const state = openStateDirectory(path);
    assert.throws(() => openStateDirectory(path), {
      code: "state.locked",
      message: new RegExp(`\\(pid ${process.pid}\\)`),
    });
    // A child must not inherit the lock.
    const sleeper = spawn("sleep", ["60"], { stdio: "ignore" });
    await once(sleeper, "spawn");
    state.close();
    openStateDirectory(path).close();
    sleeper.kill();
    await once(sleeper, "exit");
  });
});
