import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

const triesMax = 20;

/** A port that is free for TCP and UDP on this machine's own address: the preferred one, else any. */
export async function freePort(preferred: number): Promise<number> {
  if (await isFree(preferred)) return preferred;
  for (let i = 0; i < triesMax; i++) {
    const port = await anyPort();
    if (await isFree(port)) return port;
  }
  throw new Error(`no port was free for both TCP and UDP in ${triesMax} tries`);
}

async function anyPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const socket = createSocket("udp4");
  try {
    // Also taken when somebody holds the port on every address.
    server.listen({ port, host: "127.0.0.1", exclusive: true });
    await once(server, "listening");
    socket.bind({ port, address: "127.0.0.1", exclusive: true });
    await once(socket, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
    socket.close();
  }
}
