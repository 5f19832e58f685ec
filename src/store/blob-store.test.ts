import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, globSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Digest, digestOf } from "../base/digest.ts";
import { BlobStore } from "./blob-store.ts";
import { noSmallDisk, withSmallDisk } from "./small-disk.suite.ts";

const bytesMax = 10_000_000;

function pathOf(folder: string, digest: Digest): string {
  return join(folder, "sha256", digest.slice(7, 9), digest.slice(7));
}

async function* pieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function contents(store: BlobStore, digest: Digest): Promise<Buffer> {
  const { handle } = await store.open(digest);
  const bytes = await handle.readFile();
  await handle.close();
  return bytes;
}

const noDisk = await noSmallDisk();

describe("BlobStore", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "warren-blobs-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const newStore = async (): Promise<{ store: BlobStore; path: string }> => {
    const path = mkdtempSync(join(folder, "store-"));
    return { store: await BlobStore.open(path), path };
  };

  it("gives back what was written, also by two writers at once and again", async () => {
    const { store, path } = await newStore();
    const bytes = randomBytes(123_456);
    const digest = digestOf(bytes);
    assert.equal(await store.size(digest), undefined);
    await assert.rejects(store.open(digest), { code: "blob.unknown", status: 404 });
    const sizes = await Promise.all([1, 2].map(() => store.write(pieces(bytes), { digest, bytesMax })));
    assert.deepEqual(sizes, [bytes.length, bytes.length]);
    assert.equal(await store.size(digest), bytes.length);
    assert.deepEqual(await contents(store, digest), bytes);
    await store.verify(digest);
    assert.deepEqual(globSync("tmp/*", { cwd: path }), []);
    assert.deepEqual(await contents(await BlobStore.open(path), digest), bytes);
  });

  it("keeps nothing of what it refuses", async () => {
    const { store, path } = await newStore();
    const bytes = randomBytes(50_000);
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 100);
      throw new Error("the client went away");
    };
    const digest = digestOf(bytes);
    await assert.rejects(store.write(pieces(bytes), { digest: digestOf(Buffer.from("x")), bytesMax }), {
      code: "blob.digest-mismatch",
    });
    await assert.rejects(store.write(pieces(bytes), { digest, bytesMax: 49_999 }), {
      code: "blob.too-large",
      status: 413,
    });
    await assert.rejects(store.write(pieces(bytes.subarray(1)), { digest, bytesMax }), {
      code: "blob.digest-mismatch",
    });
    await assert.rejects(store.write(broken(), { digest, bytesMax }), { message: "the client went away" });
    assert.deepEqual(globSync(["tmp/*", "sha256/*/*"], { cwd: path }), []);
    assert.equal(await store.write(pieces(bytes), { digest, bytesMax: bytes.length }), bytes.length);
  });

  it("verify() moves a damaged blob aside, and it can be written again", async () => {
    const { store, path } = await newStore();
    const bytes = randomBytes(1000);
    const digest = digestOf(bytes);
    await store.write(pieces(bytes), { digest, bytesMax });
    chmodSync(pathOf(path, digest), 0o600);
    writeFileSync(pathOf(path, digest), randomBytes(1000));
    await assert.rejects(store.verify(digest), { code: "blob.corrupt" });
    assert.equal(await store.size(digest), undefined);
    assert.equal(globSync("quarantine/*", { cwd: path }).length, 1);
    await store.write(pieces(bytes), { digest, bytesMax });
    await store.verify(digest);
  });

  it("collect() removes what nothing names and nobody asked for lately", async () => {
    const { store, path } = await newStore();
    const digests = await Promise.all(
      ["named", "young", "asked", "old"].map(async (text) => {
        const bytes = Buffer.from(text);
        const digest = digestOf(bytes);
        await store.write(pieces(bytes), { digest, bytesMax });
        return digest;
      }),
    );
    const [named, young, asked, old] = digests as [Digest, Digest, Digest, Digest];
    const past = new Date(Date.now() - 2 * 3_600_000);
    for (const digest of [named, asked, old]) utimesSync(pathOf(path, digest), past, past);
    await store.size(asked);
    assert.equal(await store.collect(new Set([named])), 1);
    assert.equal(existsSync(pathOf(path, old)), false);
    for (const digest of [named, young, asked]) assert.equal(existsSync(pathOf(path, digest)), true);
  });

  it("shows no part of a blob under its name when the writer is killed", async () => {
    const path = mkdtempSync(join(folder, "killed-"));
    const writer = `
      const { BlobStore } = await import(process.argv[1]);
      const { randomBytes, createHash } = await import("node:crypto");
      const store = await BlobStore.open(process.argv[2]);
      process.stdout.write("ready\\n");
      for (;;) {
        const bytes = randomBytes(400_000);
        const digest = "sha256:" + createHash("sha256").update(bytes).digest("hex");
        await store.write((async function* () {
          for (let at = 0; at < bytes.length; at += 20_000) yield bytes.subarray(at, at + 20_000);
        })(), { digest, bytesMax: 1e9 });
        process.stdout.write(digest + "\\n");
      }`;
    const module = join(import.meta.dirname, "blob-store.ts");
    let answered = 0;
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", writer, module, path], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
        // In the middle of the next write, or thereabouts.
        if (output.split("\n").length > 2 + round) child.kill("SIGKILL");
      });
      await once(child, "close");
      const store = await BlobStore.open(path);
      const names = globSync("sha256/*/*", { cwd: path }).map((name) => `sha256:${name.slice(-64)}` as Digest);
      for (const digest of names) await store.verify(digest);
      const promised = output.split("\n").slice(1, -1);
      for (const digest of promised) assert.ok(names.includes(digest as Digest));
      answered += promised.length;
      assert.deepEqual(globSync("tmp/*", { cwd: path }), []);
    }
    assert.ok(answered > 0);
  });

  it("says that the disk is full, keeps nothing, and works again once there is room", { skip: noDisk }, async () => {
    await withSmallDisk("1m", async (path) => {
      const store = await BlobStore.open(join(path, "blobs"));
      const large = randomBytes(2_000_000);
      await assert.rejects(store.write(pieces(large), { digest: digestOf(large), bytesMax }), {
        code: "blob.disk-full",
        status: 507,
      });
      assert.deepEqual(globSync("{tmp,sha256}/**/*", { cwd: join(path, "blobs") }), []);
      const small = randomBytes(500_000);
      await store.write(pieces(small), { digest: digestOf(small), bytesMax });
      await store.verify(digestOf(small));
    });
  });
});
