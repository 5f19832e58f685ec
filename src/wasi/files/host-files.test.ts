import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { filetype } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { code, hostGround, reading, writing } from "./file-ground.suite.ts";
import { HostFiles } from "./host-files.ts";
import { openMount } from "./mount.ts";
import { openDirectorySuite } from "./open-directory.suite.ts";
import { openFileSuite } from "./open-file.suite.ts";
import { OpenFile } from "./open-file.ts";
import { kernelResolves } from "./resolve-kernel.ts";
import { rights } from "./rights.ts";
import { makeTree } from "./scratch-tree.suite.ts";
import type { FileStatus } from "./status.ts";

const ways = kernelResolves() ? (["walk", "kernel"] as const) : (["walk"] as const);

openFileSuite(hostGround("walk"));
for (const how of ways) {
  openDirectorySuite(hostGround(how));

  test(`by the ${how}: what is neither a regular file nor a directory is not opened, and nothing blocks`, async () => {
    const files = new HostFiles(how);
    using scratch = makeTree({ "in/file": "" });
    execFileSync("mkfifo", [scratch.path("in/fifo")]);
    symlinkSync("fifo", scratch.path("in/to-fifo"));
    const server = createServer().listen(scratch.path("in/socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    const root = openMount({ source: scratch.path("in"), target: "/in", mode: "rw" }, files);
    try {
      for (const path of ["fifo", "to-fifo", "socket"]) {
        for (const how of [reading, writing, { ...writing, rights: rights.write }, { ...writing, truncate: true }]) {
          assert.equal(code(root.open(path, how)), errno.ACCES, path);
        }
        assert.equal(code(root.open(path, { ...writing, create: true })), errno.ACCES, path);
        assert.equal(code(root.open(path, { ...reading, directory: true })), errno.NOTDIR, path);
        assert.equal(code(root.statusAt(path, true)), 0);
      }
    } finally {
      root.close();
    }
    await new Promise((resolve) => server.close(resolve));
    const devices = openMount({ source: "/dev", target: "/dev", mode: "ro" }, files);
    assert.equal(code(devices.open("full", reading)), errno.ACCES);
    const zeros = devices.open("zero", reading);
    assert.ok(zeros instanceof OpenFile, "the zero device neither blocks nor acts");
    const read = new Uint8Array(8).fill(1);
    assert.equal(zeros.read([read]), 8);
    assert.deepEqual(read, new Uint8Array(8));
    zeros.close();
    const nothing = devices.open("null", reading);
    assert.ok(nothing instanceof OpenFile, "the null device neither blocks nor acts");
    assert.equal(nothing.read([new Uint8Array(8)]), 0);
    nothing.close();
    assert.equal((devices.statusAt("null", false) as FileStatus).type, filetype.characterDevice);
    devices.close();
  });
}
