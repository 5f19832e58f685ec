import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { listenOnSocket } from "./socket.ts";

describe("listenOnSocket()", () => {
  let folder: string;
  let path: string;
  const servers: Server[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "warren-socket-"));
    path = join(folder, "warren.sock");
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    }
    rmSync(folder, { recursive: true });
  });

  const newServer = (): Server => {
    const server = createServer((socket) => socket.end());
    servers.push(server);
    return server;
  };
  const answers = async (): Promise<boolean> => {
    const socket = connect(path);
    return await once(socket, "connect").then(
      () => {
        socket.destroy();
        return true;
      },
      () => false,
    );
  };

  it("opens a socket for this user alone, and removes it", async () => {
    const mask = process.umask(0);
    const remove = await listenOnSocket(newServer(), path).finally(() => process.umask(mask));
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ["warren.sock"]);
    assert.equal(await answers(), true);
    remove();
    assert.equal(existsSync(path), false);
  });

  it("replaces the socket of a daemon that was killed", async () => {
    const code = `require("node:net").createServer().listen(process.argv[1], () => console.log("up"))`;
    const child = spawn(process.execPath, ["-e", code, path], { stdio: ["ignore", "pipe", "ignore"] });
    await once(child.stdout, "data");
    await assert.rejects(listenOnSocket(newServer(), path), { code: "socket.in-use" });
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(existsSync(path), true);
    await listenOnSocket(newServer(), path);
    assert.equal(await answers(), true);
  });

  it("leaves a successor's socket alone", async () => {
    const remove = await listenOnSocket(newServer(), path);
    rmSync(path);
    await listenOnSocket(newServer(), path);
    remove();
    assert.equal(await answers(), true);
  });

  it("refuses what is no socket, a path that is too long, and a directory that is not there", async () => {
    writeFileSync(path, "precious");
    await assert.rejects(listenOnSocket(newServer(), path), { code: "socket.not-a-socket" });
    await assert.rejects(listenOnSocket(newServer(), join(folder, "x".repeat(100))), { code: "socket.path-too-long" });
    await assert.rejects(listenOnSocket(newServer(), join(folder, "none", "s")), { code: "socket.failed" });
  });
});
