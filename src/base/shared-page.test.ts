import assert from "node:assert/strict";
import { closeSync, ftruncateSync, readSync } from "node:fs";
import { test } from "node:test";
import { createSharedPage, mapSharedPage, sharedPageBytes } from "./shared-page.ts";

test("mapSharedPage() writes what others read from the file", (t) => {
  const fd = createSharedPage("test");
  t.after(() => closeSync(fd));
  const one = new Uint32Array(mapSharedPage(fd));
  const other = new Uint32Array(mapSharedPage(fd));
  assert.equal(one.byteLength, sharedPageBytes);
  one[3] = 0xdeadbeef;
  assert.equal(other[3], 0xdeadbeef);
  const read = Buffer.alloc(4);
  readSync(fd, read, 0, 4, 12);
  assert.equal(read.readUInt32LE(), 0xdeadbeef);
});

test("createSharedPage() makes what nobody who has it can truncate", (t) => {
  const fd = createSharedPage("test");
  t.after(() => closeSync(fd));
  assert.throws(() => ftruncateSync(fd, 0), { code: "EPERM" });
  assert.throws(() => ftruncateSync(fd, 2 * sharedPageBytes), { code: "EPERM" });
});
