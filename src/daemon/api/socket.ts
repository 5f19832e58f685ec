import { chmodSync, lstatSync, renameSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { assert } from "../../base/assert.ts";
import { systemCode, WarrenError } from "../../base/errors.ts";

/** sun_path of unix(7), with its NUL. */
const pathBytesMax = 107;

/**
 * Makes a server listen on a unix socket that only this user can open, from its first moment. A socket that nobody
 * answers on is replaced, without an instant in which there is none. Returns what removes the socket again, unless another
 * daemon has put its own there. Throws `socket.in-use`, `socket.not-a-socket`, `socket.path-too-long`, `socket.failed`.
 */
export async function listenOnSocket(server: Server, path: string): Promise<() => void> {
  const temporary = `${path}.${process.pid}`;
  if (Buffer.byteLength(temporary) > pathBytesMax) {
    throw new WarrenError("socket.path-too-long", `the path of the socket is too long: ${path}`, {
      hint: `choose one of at most ${pathBytesMax - 8} bytes with --socket PATH`,
    });
  }
  await refuseLive(path);
  try {
    rmSync(temporary, { force: true });
    await bind(server, temporary);
    chmodSync(temporary, 0o600);
    renameSync(temporary, path);
  } catch (error) {
    server.close();
    throw failed(path, error);
  }
  const { ino } = lstatSync(path);
  return () => {
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
  };
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    // The socket's mode is 0777 less the umask (unix(7)), and bind() is called within listen(). 0077 and not 0177: the mask is
    // the whole process's, and a directory made by another thread in this instant must stay usable.
    const mask = process.umask(0o077);
    try {
      server.listen(path);
    } finally {
      process.umask(mask);
    }
    assert((process.umask() & 0o777) === mask);
  });
}

/** Throws when something is at `path` that is not to be replaced: `socket.in-use`, `socket.not-a-socket`, `socket.failed`. */
export async function refuseLive(path: string): Promise<void> {
  const state = lstatSync(path, { throwIfNoEntry: false });
  if (state === undefined) return;
  if (!state.isSocket()) {
    throw new WarrenError("socket.not-a-socket", `${path} exists and is not a socket`, {
      hint: "choose another with --socket PATH",
    });
  }
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.on("error", (error) => resolve(systemCode(error)));
  });
  if (code === "ECONNREFUSED" || code === "ENOENT") return;
  if (code !== undefined && code !== "EAGAIN") throw failed(path, code);
  throw new WarrenError("socket.in-use", `another daemon answers on ${path}`, {
    status: 409,
    hint: "stop that one, or choose another socket with --socket PATH",
  });
}

function failed(path: string, error: unknown): WarrenError {
  const why = typeof error === "string" ? error : (systemCode(error) ?? String(error));
  return new WarrenError("socket.failed", `cannot open the socket ${path}: ${why}`, {
    hint: "choose another with --socket PATH",
    cause: error,
  });
}
