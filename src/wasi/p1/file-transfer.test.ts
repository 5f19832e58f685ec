import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { SystemClocks } from "../clocks.ts";
import { fdflags } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { accountPage, writing } from "../files/file-ground.suite.ts";
import type { FileSystem, Handle } from "../files/file-system.ts";
import { HostFiles } from "../files/host-files.ts";
import { HostLater } from "../files/host-later.ts";
import { openMount } from "../files/mount.ts";
import { OpenFile } from "../files/open-file.ts";
import { makeTree, type ScratchTree } from "../files/scratch-tree.suite.ts";
import { VolumeAccount } from "../files/volume-account.ts";
import { VolumeFiles } from "../files/volume-files.ts";
import { CpuMeter, GuestThread } from "../guest-thread.ts";
import { freePacer } from "../pacer.ts";
import { fileImports } from "./file.ts";
import { GuestMemory } from "./memory.ts";
import { streamFunctions } from "./stream.ts";
import { call, type TestHost, testHost } from "./testdata/test-host.ts";

const countAt = 8;
const iovs = 64;
const data = 1024;

/** Counts what is put on the disk. */
class CountingFiles extends HostFiles {
  readonly synchronized: string[] = [];
  override readonly later: HostLater;

  constructor(slow: boolean) {
    super();
    const { synchronized } = this;
    this.later = new (class extends HostLater {
      override get slow(): boolean {
        return slow;
      }
      override async synchronize(_handle: Handle, what: "all" | "data"): Promise<Result> {
        synchronized.push(`later ${what}`);
        return 0;
      }
    })();
  }

  override synchronize(_handle: Handle, what: "all" | "data"): Result {
    this.synchronized.push(what);
    return 0;
  }
}

/** A guest with neighbours, or alone, that has `file` open as descriptor 3. */
function guestOf(scratch: ScratchTree, files: FileSystem, { shared = true, flags = 0, pages = 1 } = {}): TestHost {
  const thread = new GuestThread(new SystemClocks(), new CpuMeter(), 0, shared ? { ...freePacer } : freePacer);
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: pages }));
  const host = testHost({ thread, memory });
  const root = openMount({ source: scratch.root, target: "/", mode: "rw" }, files);
  const file = root.open("file", { ...writing, flags });
  root.close();
  assert.ok(file instanceof OpenFile);
  assert.equal(host.table.add(file), 3);
  thread.start();
  return host;
}

function point(host: TestHost, ...parts: readonly [at: number, length: number][]): void {
  for (const [index, [at, length]] of parts.entries()) {
    host.memory.setU32(iovs + 8 * index, at);
    host.memory.setU32(iovs + 8 * index + 4, length);
  }
}

test("one call reads and writes all that it is given, however large, alone and among others, at once and later", async () => {
  const length = 9 * 1024 * 1024 + 5;
  const content = Buffer.alloc(length, "0123456789abcdef");
  for (const [shared, slow] of [
    [false, false],
    [true, false],
    [true, true],
  ] as const) {
    using scratch = makeTree({ file: "" });
    writeFileSync(scratch.path("file"), content);
    const host = guestOf(scratch, new CountingFiles(slow), { shared, pages: 300 });
    const { fd_read, fd_write } = streamFunctions(host);
    const { fd_pread, fd_pwrite } = fileImports(host);
    point(host, [data, 1000], [data + 1000, 2 ** 24]);
    assert.equal(await call(fd_read, 3, iovs, 2, countAt), 0);
    assert.equal(host.memory.getU32(countAt), length);
    assert.deepEqual(Buffer.from(host.memory.bytes(data, length)).compare(content), 0);
    assert.equal(await call(fd_read, 3, iovs, 2, countAt), 0);
    assert.equal(host.memory.getU32(countAt), 0);
    point(host, [data + 3, 10], [data + 13, length - 13]);
    assert.equal(await call(fd_write, 3, iovs, 2, countAt), 0);
    assert.equal(host.memory.getU32(countAt), length - 3);
    assert.equal(await call(fd_pwrite, 3, iovs, 2, 1n, countAt), 0);
    host.memory.bytes(data, length).fill(0);
    point(host, [data, length]);
    assert.equal(await call(fd_pread, 3, iovs, 1, BigInt(length), countAt), 0);
    assert.equal(host.memory.getU32(countAt), length - 3);
    const after = readFileSync(scratch.path("file"));
    assert.equal(after.length, 2 * length - 3);
    assert.equal(after.subarray(1, length - 2).compare(content.subarray(3)), 0);
    assert.equal(after.subarray(length).compare(Buffer.from(host.memory.bytes(data, length - 3))), 0);
    assert.equal(fileImports(host).fd_tell(3, 16), 0);
    assert.equal(host.memory.getU64(16), BigInt(after.length));
    host.table.closeAll();
  }
});

test("a guest among others never waits for the disk in their thread", async () => {
  using scratch = makeTree({ file: "text" });
  for (const shared of [true, false]) {
    const files = new CountingFiles(false);
    const host = guestOf(scratch, files, { shared });
    const { fd_sync, fd_datasync } = fileImports(host);
    const result = fd_sync(3);
    assert.equal(result instanceof Promise, shared);
    assert.equal((await result) | 0, 0);
    assert.equal((await fd_datasync(3)) | 0, 0);
    assert.deepEqual(files.synchronized, shared ? ["later all", "later data"] : ["all", "data"]);
    host.table.closeAll();
  }
});

test("writes to a file that is opened for it are on the disk before they are answered", async () => {
  using scratch = makeTree({ file: "text" });
  for (const [flags, what] of [
    [fdflags.sync, "all"],
    [fdflags.rsync, "all"],
    [fdflags.dsync, "data"],
    [fdflags.sync | fdflags.append, "all"],
  ] as const) {
    for (const shared of [true, false]) {
      const files = new CountingFiles(false);
      const host = guestOf(scratch, files, { shared, flags });
      point(host, [data, 4]);
      assert.equal(await call(streamFunctions(host).fd_write, 3, iovs, 1, countAt), 0);
      assert.equal(await call(fileImports(host).fd_pwrite, 3, iovs, 1, 0n, countAt), 0);
      const expected = shared ? `later ${what}` : what;
      assert.deepEqual(files.synchronized, [expected, expected]);
      assert.equal(await call(streamFunctions(host).fd_read, 3, iovs, 1, countAt), 0);
      assert.equal(files.synchronized.length, 2);
      host.table.closeAll();
    }
  }
});

test("errors are the same later as at once", async () => {
  using scratch = makeTree({ file: "text" });
  const files = new VolumeFiles(new VolumeAccount(accountPage(0)));
  const host = guestOf(scratch, files);
  const file = host.table.get(3);
  assert.ok(file instanceof OpenFile);
  for (let round = 0; round < 2; round++) {
    point(host, [data, 2 ** 14]);
    assert.equal(await call(fileImports(host).fd_pwrite, 3, iovs, 1, 4096n, countAt), errno.NOSPC);
    // A call took long: from now on others do them.
    file.later?.took(1000, 0);
    assert.equal(file.later?.slow, true);
  }
  host.table.closeAll();
});

test("a descriptor that is closed while another thread is at work with it is closed after that", async () => {
  using scratch = makeTree({ file: "text" });
  const closed: Handle[] = [];
  const files = new (class extends HostFiles {
    override close(handle: Handle): void {
      closed.push(handle);
      super.close(handle);
    }
  })();
  const host = guestOf(scratch, files);
  closed.length = 0;
  const file = host.table.get(3);
  assert.ok(file instanceof OpenFile);
  const target = Buffer.alloc(10);
  const reading = file.readLater(target, 0);
  host.table.closeAll();
  assert.deepEqual(closed, []);
  assert.equal(await reading, 4);
  assert.equal(target.toString("utf8", 0, 4), "text");
  assert.equal(closed.length, 1);
});

test("a guest that is ended while it waits for the disk ends at once", async () => {
  using scratch = makeTree({ file: "text" });
  const host = guestOf(scratch, new CountingFiles(true));
  point(host, [data, 4]);
  const reading = call(streamFunctions(host).fd_read, 3, iovs, 1, countAt);
  host.thread.end(new Error("killed"));
  host.table.closeAll();
  await assert.rejects(reading, /killed/);
});
