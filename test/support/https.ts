import { type Agent, request } from "node:https";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { Answer } from "./http.ts";

export interface AskedSecurely {
  readonly path?: string;
  /** The Host field, where it is not the host. */
  readonly host?: string;
  readonly agent?: Agent;
  /** Certificates that are trusted; whatever is shown is taken when absent. */
  readonly ca?: string;
  readonly body?: string;
}

/** One request to 127.0.0.1 over TLS, to a host by name, and the name of whom it was shown to be. */
export function askSecurely(
  port: number,
  servername: string,
  { path = "/", host = servername, agent, ca, body }: AskedSecurely = {},
): Promise<Answer & { readonly shown: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: body === undefined ? "GET" : "POST",
        servername,
        headers: { host },
        agent: agent ?? false,
        ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
      },
      (response) => {
        const shown = (response.socket as TLSSocket).getPeerX509Certificate()?.subjectAltName ?? "";
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          if (!response.complete) reject(new Error("the answer was broken off"));
          else {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, shown });
          }
        });
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

/** A connection to 127.0.0.1 whose handshake is done. */
export function connectSecurely(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }, () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}
