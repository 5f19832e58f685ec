import assert from "node:assert/strict";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { createLogger } from "../logger.ts";
import { erase } from "./erase.ts";
import { measureVolume } from "./measure.ts";
import { Volumes, volumeDirectory } from "./volumes.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "warren-volumes-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A chain of directories longer than any path may be. */
function deepTree(path: string, levels: number): void {
  mkdirSync(join(path, "deep"));
  for (let level = 0; level < levels; level++) {
    mkdirSync(join(path, "next"));
    renameSync(join(path, "deep"), join(path, "next/deep"));
    renameSync(join(path, "next"), join(path, "deep"));
  }
}

test("measureVolume() counts blocks, names, holes and each file once, and follows no link", async (t) => {
  const path = folder(t);
  assert.equal(await measureVolume(path), 0);
  writeFileSync(join(path, "one"), "x");
  mkdirSync(join(path, "dir"));
  writeFileSync(join(path, "dir/two"), "y".repeat(5000));
  linkSync(join(path, "dir/two"), join(path, "hard"));
  writeFileSync(join(path, "hole"), "");
  truncateSync(join(path, "hole"), 2 ** 40);
  symlinkSync("/usr", join(path, "link"));
  symlinkSync("x".repeat(100), join(path, "long-link"));
  assert.equal(await measureVolume(path), 7 * 512 + 4096 + 8192 + 2 ** 40 + 4096);
});

test("measureVolume() gives up on what is too deep, and erase() does not", async (t) => {
  const path = folder(t);
  mkdirSync(join(path, "volume"));
  deepTree(join(path, "volume"), 1000);
  assert.equal(await measureVolume(join(path, "volume")), undefined);
  const open = readdirSync("/proc/self/fd").length;
  await erase(join(path, "volume"));
  assert.equal(readdirSync("/proc/self/fd").length, open);
  assert.deepEqual(readdirSync(path), []);
});

test("erase() removes what there is, and nothing that a link leads to", async (t) => {
  const path = folder(t);
  mkdirSync(join(path, "outside"));
  writeFileSync(join(path, "outside/file"), "stays");
  mkdirSync(join(path, "volume/a/b"), { recursive: true });
  writeFileSync(join(path, "volume/a/b/file"), "goes");
  symlinkSync("../outside", join(path, "volume/link"));
  symlinkSync("../../../outside", join(path, "volume/a/b/link"));
  await erase(join(path, "volume"));
  assert.equal(existsSync(join(path, "volume")), false);
  assert.equal(readFileSync(join(path, "outside/file"), "utf8"), "stays");
  // Swapped for a link at the last moment: nothing is done.
  symlinkSync("outside", join(path, "volume"));
  await erase(join(path, "volume"));
  assert.equal(readFileSync(join(path, "outside/file"), "utf8"), "stays");
});

test("Volumes makes, counts, limits and removes", async (t) => {
  const path = folder(t);
  const log = createLogger("json", "silent");
  const volumes = new Volumes({ path, user: undefined, log });
  volumes.ensure("default", "data");
  volumes.ensure("default", "data");
  assert.deepEqual(volumes.list("default"), ["data"]);
  assert.deepEqual(volumes.list("other"), []);
  assert.deepEqual(await volumes.usage("default", "data"), { bytes: 0, bytesMax: undefined });
  volumes.limit("default", "data", 1_000_000);
  const directory = volumeDirectory(path, "default", "data");
  writeFileSync(join(directory, "file"), "text");
  await volumes.recount({ idle: true });
  assert.deepEqual(await volumes.usage("default", "data"), { bytes: 4608, bytesMax: 1_000_000 });
  const { descriptors, close } = volumes.open("default", [
    { source: directory, target: "/data", mode: "rw", volume: "data" },
    { source: "/usr", target: "/usr", mode: "ro" },
    { tmpBytesMax: 1000, target: "/tmp" },
  ]);
  assert.equal(descriptors.length, 2);
  close();
  await assert.rejects(
    volumes.remove("default", "other"),
    (error) => error instanceof WarrenError && error.code === "volume.unknown",
  );
  await volumes.remove("default", "data");
  assert.deepEqual(volumes.list("default"), []);
  assert.deepEqual(readdirSync(path), ["default"]);
});

test("Volumes counts what an earlier daemon left", async (t) => {
  const path = folder(t);
  mkdirSync(join(path, "default/data"), { recursive: true });
  writeFileSync(join(path, "default/data/file"), "text");
  const volumes = new Volumes({ path, user: undefined, log: createLogger("json", "silent") });
  assert.equal((await volumes.usage("default", "data")).bytes, 4608);
  volumes.ensure("default", "data");
  await volumes.recount({ idle: true });
  assert.equal((await volumes.usage("default", "data")).bytes, 4608);
});
