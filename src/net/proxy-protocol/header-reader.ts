import type { Socket } from "node:net";
import type { ProxiedEnds } from "./header.ts";
import { parseProxyHeader } from "./parse-header.ts";

/** A header comes with the first packet; §2.1 asks for no less than three seconds, for one that is sent again. */
const headerMsMax = 5000;

/**
 * Reads the header that a socket begins with and puts the bytes after it back. `done` gets the socket as it was when it was accepted,
 * nothing of it read; `failed` the reason, with the socket broken off.
 */
export function readProxyHeader(
  socket: Socket,
  done: (ends: ProxiedEnds | undefined) => void,
  failed: (why: string) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => fail("a proxy's header did not come"), headerMsMax).unref();
  const release = (): void => {
    clearTimeout(timer);
    socket.off("readable", onReadable);
    socket.off("end", onReadable);
    socket.off("close", onClose);
  };
  const fail = (why: string): void => {
    release();
    socket.resetAndDestroy();
    failed(why);
  };
  const onClose = (): void => fail("a proxy went away within its header");
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      if (socket.readableEnded) onClose();
      return;
    }
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    try {
      const header = parseProxyHeader(bytes);
      if (header === undefined) return;
      release();
      if (header.length < bytes.length) socket.unshift(bytes.subarray(header.length));
      // A stream notices only then that it has no listener, and may have another.
      process.nextTick(done, header.ends);
    } catch (error) {
      fail((error as Error).message);
    }
  };
  socket.on("error", () => {});
  socket.on("readable", onReadable);
  socket.on("end", onReadable);
  socket.on("close", onClose);
}
