import assert from "node:assert/strict";
import { test } from "node:test";
import { fdflags } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { type Ground, type Plot, reading, writing } from "./file-ground.suite.ts";
import type { GuestOpen } from "./open-directory.ts";
import { OpenFile } from "./open-file.ts";
import { rights } from "./rights.ts";

function openFile(scratch: Plot, how: GuestOpen): OpenFile & Disposable {
  const file = scratch.all.open("file", how);
  assert.ok(file instanceof OpenFile);
  return Object.assign(file, { [Symbol.dispose]: () => file.close() });
}

const bytes = (text: string) => new TextEncoder().encode(text);

function readText(file: OpenFile, length: number): string {
  const buffer = new Uint8Array(length);
  const count = file.read([buffer]);
  assert.ok(count >= 0);
  return new TextDecoder().decode(buffer.subarray(0, count));
}

/** What an open file does, wherever it is. */
export function openFileSuite({ name, plant }: Ground): void {
  test(`${name}: OpenFile reads and writes at its position, and elsewhere without moving it`, () => {
    using scratch = plant({ file: "0123456789" });
    using file = openFile(scratch, writing);
    assert.equal(readText(file, 4), "0123");
    assert.equal(file.write([bytes("AB")]), 2);
    assert.equal(file.position, 6);
    const buffer = new Uint8Array(3);
    assert.equal(file.readAt([buffer], 4), 3);
    assert.equal(new TextDecoder().decode(buffer), "AB6");
    assert.equal(file.writeAt([bytes("z")], 9), 1);
    assert.equal(file.readAt([buffer], 100), 0);
    assert.equal(file.position, 6);
    assert.equal(readText(file, 100), "678z");
    assert.equal(readText(file, 100), "");
  });

  test(`${name}: OpenFile fills and empties several buffers in one call`, () => {
    using scratch = plant({ file: "" });
    using file = openFile(scratch, writing);
    assert.equal(file.write([bytes("ab"), bytes("cde"), bytes("f")]), 6);
    assert.equal(file.write([]), 0);
    file.seek(0n, 0);
    const [a, b] = [new Uint8Array(1), new Uint8Array(9)];
    assert.equal(file.read([a, b]), 6);
    assert.equal(new TextDecoder().decode(b.subarray(0, 5)), "bcdef");
    assert.equal(file.read([]), 0);
  });

  test(`${name}: OpenFile moves a bounded number of bytes in a call`, () => {
    using scratch = plant({ file: "" });
    using file = openFile(scratch, writing);
    const large = new Uint8Array(3 * 1024 * 1024);
    const max = 4 * 1024 * 1024;
    assert.equal(file.write([large, large]), max);
    assert.equal(file.write([new Uint8Array(2 * max)]), max);
    file.seek(0n, 0);
    assert.equal(file.read([large, large, large]), max);
    assert.equal(file.read([new Uint8Array(2 * max)]), max);
    assert.equal(file.read([large]), 0);
  });

  test(`${name}: seek() counts from the start, the position and the end, and refuses what is out of range`, () => {
    using scratch = plant({ file: "0123456789" });
    using file = openFile(scratch, reading);
    assert.equal(file.seek(4n, 0), 4);
    assert.equal(file.seek(-1n, 1), 3);
    assert.equal(file.seek(-2n, 2), 8);
    assert.equal(file.seek(100n, 2), 110);
    assert.equal(readText(file, 1), "");
    for (const [offset, whence] of [
      [-1n, 0],
      [-111n, 1],
      [-11n, 2],
      [1n << 62n, 0],
      [-(1n << 63n), 1],
      [0n, 3],
      [0n, -1],
    ] as const) {
      assert.equal(file.seek(offset, whence), -errno.INVAL);
    }
    assert.equal(file.position, 110);
  });

  test(`${name}: OpenFile in append mode writes at the end, whoever else wrote, and its position follows`, () => {
    using scratch = plant({ file: "one" });
    using file = openFile(scratch, { ...writing, flags: fdflags.append });
    assert.equal(file.write([bytes("two")]), 3);
    {
      using other = openFile(scratch, { ...writing, flags: fdflags.append });
      assert.equal(other.write([bytes("three")]), 5);
    }
    assert.equal(file.write([bytes("four")]), 4);
    assert.equal(file.position, 15);
    file.seek(0n, 0);
    assert.equal(readText(file, 100), "onetwothreefour");
    file.flags = 0;
    file.seek(0n, 0);
    assert.equal(file.write([bytes("ONE")]), 3);
    file.flags = fdflags.append;
    assert.equal(file.write([bytes("!")]), 1);
    assert.equal(scratch.text("file"), "ONEtwothreefour!");
  });

  test(`${name}: OpenFile with the sync flags writes all the same`, () => {
    for (const flags of [fdflags.sync, fdflags.dsync, fdflags.rsync, fdflags.sync | fdflags.append]) {
      using scratch = plant({ file: "" });
      using file = openFile(scratch, { ...writing, flags });
      assert.equal(file.write([bytes("x")]), 1);
      assert.equal(file.flags, flags);
      assert.equal(scratch.text("file"), "x");
    }
  });

  test(`${name}: OpenFile does only what it was opened for`, () => {
    using scratch = plant({ file: "text" });
    using reader = openFile(scratch, reading);
    using writer = openFile(scratch, { ...reading, rights: rights.write });
    assert.equal(reader.write([bytes("x")]), -errno.BADF);
    assert.equal(reader.writeAt([bytes("x")], 0), -errno.BADF);
    assert.equal(reader.setSize(0n), -errno.BADF);
    assert.equal(reader.allocate(0n, 10n), -errno.BADF);
    assert.equal(writer.read([new Uint8Array(1)]), -errno.BADF);
    assert.equal(writer.readAt([new Uint8Array(1)], 0), -errno.BADF);
    assert.equal(reader.limitRights(rights.read, 0), 0);
    assert.equal(reader.limitRights(rights.read | rights.sync, 0), -errno.NOTCAPABLE);
    assert.equal(reader.synchronize("all"), -errno.NOTCAPABLE);
    assert.equal(reader.status(), -errno.NOTCAPABLE);
    assert.equal(readText(reader, 9), "text");
    assert.equal(reader.limitRights(0, 0), 0);
    assert.equal(reader.read([new Uint8Array(1)]), -errno.BADF);
  });

  test(`${name}: OpenFile sets size, times and room, and tells of them`, () => {
    using scratch = plant({ file: "0123456789" });
    using file = openFile(scratch, writing);
    assert.equal(file.setSize(4n), 0);
    assert.equal(readText(file, 100), "0123");
    assert.equal(file.setSize(-1n), -errno.INVAL);
    assert.equal(file.allocate(0n, 100n), 0);
    assert.equal(file.allocate(0n, 0n), -errno.INVAL);
    assert.equal(file.allocate(-1n, 10n), -errno.INVAL);
    assert.equal(file.setTimes(1_000_000_007n, undefined), 0);
    assert.equal(file.setTimes(undefined, 2_500_000_000n), 0);
    const status = file.status();
    assert.ok(typeof status !== "number");
    const host = scratch.status("file");
    assert.deepEqual(
      [status.inode, status.size, status.accessed, status.modified, status.changed, status.links],
      [host.inode, 100n, 1_000_000_007n, 2_500_000_000n, host.changed, 1n],
    );
    assert.equal(file.setTimes("now", "now"), 0);
    assert.ok(scratch.status("file").modified > 10n ** 18n);
    for (const advice of [0, 1, 2, 3, 4, 5]) assert.equal(file.advise(0n, 0n, advice), 0);
    assert.equal(file.advise(0n, 0n, 6), -errno.INVAL);
    assert.equal(file.advise(0n, -1n, 0), -errno.INVAL);
    assert.equal(file.synchronize("all"), 0);
    assert.equal(file.synchronize("data"), 0);
  });

  test(`${name}: OpenFile is always ready, with the bytes that are left to read`, () => {
    using scratch = plant({ file: "0123456789" });
    using file = openFile(scratch, reading);
    assert.equal(file.poll("read").bytes, 10);
    readText(file, 7);
    assert.equal(file.poll("read").bytes, 3);
    file.seek(50n, 0);
    assert.equal(file.poll("read").bytes, 0);
    assert.equal(file.poll("write").hangup, false);
  });

  test(`${name}: OpenFile gives the host's error`, () => {
    using scratch = plant({ file: "" });
    using file = openFile(scratch, writing);
    // More than any file system takes.
    assert.equal(file.writeAt([bytes("x")], Number.MAX_SAFE_INTEGER), -errno.FBIG);
  });
}
