import assert from "node:assert/strict";
import { test } from "node:test";
import { conduitPair } from "../base/conduit.ts";
import { Flow } from "../base/flow.ts";
import { DescriptorTable } from "../wasi/descriptor-table.ts";
import { Connection } from "../wasi/sockets/connection.ts";
import { InputStream, OutputStream } from "../wasi/stdio.ts";
import { MemoryAccount } from "./memory-account.ts";

const address = { ip: "127.0.0.1", port: 80 };
const mebibyte = 2 ** 20;

test("MemoryAccount counts memories, tables, and what waits in descriptors either way", () => {
  const table = new DescriptorTable();
  const account = new MemoryAccount(mebibyte, table);
  const [dialler, accepted] = conduitPair(address, address);
  const [stdin, stdout] = [new Flow(), new Flow()];
  const connection = new Connection(accepted);
  for (const descriptor of [new InputStream(stdin, false), new OutputStream(stdout, false), connection])
    table.add(descriptor);
  account.attach(
    [new WebAssembly.Memory({ initial: 2 })],
    [new WebAssembly.Table({ initial: 10, element: "anyfunc" })],
  );
  assert.equal(account.bytes, 2 * 65536 + 240);
  dialler.output.push(Buffer.alloc(1000));
  connection.write([Buffer.alloc(100)]);
  stdin.push(Buffer.alloc(10));
  stdout.push(Buffer.alloc(1));
  assert.equal(account.bytes, 2 * 65536 + 240 + 1111);
  table.closeAll();
  account.attach([], []);
  assert.equal(account.bytes, 0);
});

/** Connections that each hold `bytes` of their client's. */
function holding(table: DescriptorTable, count: number, bytes: number): void {
  for (let i = 0; i < count; i++) {
    const [dialler, accepted] = conduitPair(address, address);
    dialler.output.push(Buffer.alloc(bytes));
    table.add(new Connection(accepted));
  }
}

test("MemoryAccount has room while the buffers are within what memory and tables leave", () => {
  const table = new DescriptorTable();
  let now = 0;
  const account = new MemoryAccount(16 * mebibyte, table, () => now);
  account.attach([new WebAssembly.Memory({ initial: 96 })], []);
  // 10 MiB are left.
  holding(table, 1000, 10_000);
  assert.ok(account.hasRoom(0));
  holding(table, 10, 65_536);
  assert.ok(account.hasRoom(0), "counted a moment ago");
  now += 100;
  assert.equal(account.hasRoom(0), false);
  table.closeAll();
  assert.ok(account.hasRoom(0), "so few cannot be too much: nothing has to be counted");
});

test("MemoryAccount leaves a guest that has grown to its limit room to serve", () => {
  const table = new DescriptorTable();
  let now = 0;
  const account = new MemoryAccount(mebibyte, table, () => now);
  account.attach([new WebAssembly.Memory({ initial: 16 })], []);
  assert.ok(account.hasRoom(0));
  holding(table, 15, 65_536);
  assert.ok(account.hasRoom(0));
  holding(table, 1, 65_536);
  now += 100;
  assert.equal(account.hasRoom(0), false);
});
