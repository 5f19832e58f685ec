import assert from "node:assert/strict";
import { test } from "node:test";
import { type Descriptor, filetype } from "./descriptor.ts";
import { DescriptorTable } from "./descriptor-table.ts";
import { errno } from "./errno.ts";

function descriptor(): Descriptor & { closed: number } {
  return {
    type: filetype.regularFile,
    flags: 0,
    wake: undefined,
    closed: 0,
    read: () => 0,
    write: () => 0,
    poll: () => undefined,
    close() {
      this.closed++;
    },
  };
}

test("DescriptorTable gives out the lowest free number", () => {
  const table = new DescriptorTable();
  const all = [0, 1, 2, 3].map(() => descriptor());
  assert.deepEqual(
    all.map((one) => table.add(one)),
    [0, 1, 2, 3],
  );
  assert.equal(table.close(2), 0);
  assert.equal(table.close(1), 0);
  assert.equal(table.add(descriptor()), 1);
  assert.equal(table.add(descriptor()), 2);
  assert.equal(table.add(descriptor()), 4);
});

test("DescriptorTable answers BADF for numbers that are not open, however odd", () => {
  const table = new DescriptorTable();
  table.add(descriptor());
  for (const fd of [1, -1, 2 ** 31, -(2 ** 31), 4294967295]) {
    assert.equal(table.get(fd), undefined);
    assert.equal(table.close(fd), -errno.BADF);
    assert.equal(table.renumber(0, fd), -errno.BADF);
    assert.equal(table.renumber(fd, 0), -errno.BADF);
  }
});

test("DescriptorTable is full at its limit and has room again after a close", () => {
  const table = new DescriptorTable({ descriptorsMax: 3 });
  for (let fd = 0; fd < 3; fd++) assert.equal(table.add(descriptor()), fd);
  assert.equal(table.full, true);
  assert.equal(table.add(descriptor()), -errno.MFILE);
  table.close(1);
  assert.equal(table.full, false);
  assert.equal(table.add(descriptor()), 1);
});

test("renumber() closes the target, frees the source and keeps an identity move", () => {
  const table = new DescriptorTable();
  const [a, b] = [descriptor(), descriptor()];
  table.add(a);
  table.add(b);
  assert.equal(table.renumber(1, 1), 0);
  assert.equal(table.renumber(1, 0), 0);
  assert.deepEqual([a.closed, b.closed], [1, 0]);
  assert.equal(table.get(0), b);
  assert.equal(table.get(1), undefined);
  assert.equal(table.add(descriptor()), 1);
});

test("DescriptorTable lends its wake to what is open only", () => {
  let woken = 0;
  const table = new DescriptorTable({ wake: () => woken++ });
  const [a, b] = [descriptor(), descriptor()];
  table.add(a);
  table.add(b);
  a.wake?.();
  assert.equal(table.renumber(1, 0), 0);
  assert.equal(a.wake, undefined);
  b.wake?.();
  assert.equal(woken, 2);
  table.closeAll();
  assert.equal(b.wake, undefined);
  assert.deepEqual([a.closed, b.closed], [1, 1]);
  assert.deepEqual([...table.entries()], []);
});
