import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection whose bytes the test chooses. */
export async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

/** Sends the bytes and gives everything that comes back until the other side ends the connection. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = await open(port);
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } finally {
    socket.destroy();
  }
  return Buffer.concat(chunks).toString("latin1");
}

/** Reads until the text has come; gives everything read. */
export async function readUntil(socket: Socket, text: string): Promise<string> {
  let got = "";
  while (!got.includes(text)) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) got += chunk.toString("latin1");
    else if (socket.readableEnded || socket.destroyed)
      throw new Error(`the connection ended after ${JSON.stringify(got)}`);
    else await Promise.race([once(socket, "readable"), once(socket, "end")]);
  }
  return got;
}
