import assert from "node:assert/strict";
import { chmodSync, closeSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connectUnixStream } from "./unix-connect.ts";

const asRoot = process.getuid?.() === 0;
/** Whatever user: that it is not root matters. */
const other = asRoot ? 12_345 : undefined;
const anywhere = () => true;

async function listening(t: TestContext): Promise<{ folder: string; path: string }> {
  const folder = mkdtempSync(join(tmpdir(), "warren-unix-"));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const path = join(folder, "socket");
  const server = createServer((socket) => socket.end("hello"));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  chmodSync(path, 0o666);
  return { folder, path };
}

async function said(fd: number): Promise<string> {
  return Buffer.concat(await new Socket({ fd }).toArray()).toString();
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

test("connectUnixStream() connects, also as another user and by a symbolic link", async (t) => {
  const { folder, path } = await listening(t);
  symlinkSync(path, join(folder, "link"));
  for (const name of [path, join(folder, "link")]) {
    const found: string[] = [];
    const fd = connectUnixStream(name, other, (at) => found.push(at) > 0);
    assert.equal(typeof fd, "number");
    assert.equal(await said(fd as number), "hello");
    assert.deepEqual(found, [path]);
  }
});

test("connectUnixStream() says why it cannot, and keeps nothing open", async (t) => {
  const { folder, path } = await listening(t);
  writeFileSync(join(folder, "file"), "");
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(join(folder, "gone"), resolve));
  symlinkSync("/proc/self/fd/0/loop", join(folder, "dangling"));
  const before = descriptors();
  assert.equal(connectUnixStream(join(folder, "none"), other, anywhere), "missing");
  assert.equal(connectUnixStream(join(folder, "file"), other, anywhere), "missing");
  assert.equal(connectUnixStream(join(folder, "dangling"), other, anywhere), "missing");
  assert.equal(connectUnixStream(folder, other, anywhere), "missing");
  assert.equal(
    connectUnixStream(path, other, () => false),
    "denied",
  );
  assert.equal(descriptors(), before);
  await new Promise((resolve) => gone.close(resolve));
});

test("connectUnixStream() as another user has that user's rights, and this process's afterwards", async (t) => {
  if (!asRoot) {
    t.diagnostic("not root: there is no other user to be");
    return;
  }
  const { folder, path } = await listening(t);
  const groups = process.getgroups?.();
  chmodSync(path, 0o600);
  assert.equal(connectUnixStream(path, other, anywhere), "denied");
  chmodSync(path, 0o666);
  chmodSync(folder, 0o700);
  assert.equal(connectUnixStream(path, other, anywhere), "denied");
  assert.deepEqual([process.geteuid?.(), process.getegid?.(), process.getgroups?.()], [0, 0, groups]);
  const fd = connectUnixStream(path, undefined, anywhere);
  assert.equal(typeof fd, "number");
  closeSync(fd as number);
});
