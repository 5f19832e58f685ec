import { once } from "node:events";
import type { Socket } from "node:net";
import { WarrenError } from "../base/errors.ts";
import { givenEnds } from "./socket-address.ts";
import { socketHandle } from "./socket-handle.ts";
import type { ElsewhereTarget, Passage } from "./target.ts";

/**
 * Gives a client's connection to another worker, with the bytes read from it, and lets go of the socket. Rejects when
 * nobody took it; then reading goes on here.
 *
 * Closing our copy of the descriptor is all that happens to the socket here: no shutdown, and since the other worker holds
 * a copy, no reset for bytes that the kernel holds unread.
 */
export async function passOn(
  socket: Socket,
  bytes: Uint8Array,
  target: ElsewhereTarget,
  passage: Passage,
): Promise<void> {
  const handle = socketHandle(socket);
  if (handle === undefined) return;
  // Not socket.pause(): that reads on until a buffer is full. The stream goes on believing that it reads, so it starts no read.
  handle.readStop();
  socket.pause();
  const buffered = socket.readableLength > 0 ? (socket.read() as Buffer | null) : null;
  const all = buffered === null ? bytes : Buffer.concat([bytes, buffered]);
  try {
    if (socket.writableLength > 0) await flushed(socket);
    const ends = givenEnds(socket);
    await target.pass(handle.fd, all, ends === undefined ? passage : { ...passage, ends });
  } catch (error) {
    if (!socket.destroyed) {
      handle.readStart();
      socket.resume();
    }
    throw error;
  }
  socket.destroy();
}

async function flushed(socket: Socket): Promise<void> {
  const closed = new AbortController();
  try {
    await Promise.race([
      new Promise<void>((resolve) => void socket.write("", () => resolve())),
      once(socket, "close", closed).then(() => {
        throw new WarrenError("connection.reset", "the client went away", { status: 502 });
      }),
    ]);
  } finally {
    closed.abort();
  }
}
