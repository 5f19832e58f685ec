import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const startWithinMs = 10_000;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until a server that has just been started accepts. */
export async function untilConnects(port: number, withinMs: number = startWithinMs): Promise<void> {
  const until = performance.now() + withinMs;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(20);
    } finally {
      socket.destroy();
    }
  }
}
