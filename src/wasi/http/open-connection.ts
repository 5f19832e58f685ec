import type { Duplex } from "node:stream";
import { parseIp } from "../../base/ip.ts";
import { errno, type Result } from "../errno.ts";
import type { Dialler } from "../sockets/dialler.ts";
import { ownAddressesOf } from "../sockets/socket-name.ts";
import { ConduitStream } from "./conduit-stream.ts";
import { errorCode } from "./error-code.ts";
import { connectError, HttpError, lookupError, tlsError } from "./http-error.ts";

/** Where HTTP is spoken. */
export interface Origin {
  readonly secure: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface OpenOptions {
  readonly dialler: Pick<Dialler, "resolve" | "connect">;
  readonly signal: AbortSignal;
  /** Authorities besides those that Node knows, for tests: PEM. */
  readonly ca?: string | undefined;
}

/**
 * A connection to where a guest may go: the grants are looked at by whoever resolves and connects. With TLS the certificate is checked.
 * Rejects with an HttpError.
 */
export async function openConnection(origin: Origin, options: OpenOptions): Promise<Duplex> {
  const { host, port, secure } = origin;
  const { dialler, signal } = options;
  const addresses = ownAddressesOf(host) ?? (await dialler.resolve(host, undefined));
  if (typeof addresses === "number") throw lookupError(host, addresses);
  let failure: Result = -errno.NOENT;
  for (const ip of addresses) {
    const conduit = await dialler.connect({ ip, port }, signal);
    if (typeof conduit !== "number") {
      const stream = new ConduitStream(conduit);
      // Whoever speaks over it is told by its end.
      stream.on("error", () => {});
      return secure ? secured(stream, host, options) : stream;
    }
    // What was not granted is less worth telling than what went wrong with an address that was.
    if (failure === -errno.NOENT || conduit !== -errno.ACCES) failure = conduit;
    if (signal.aborted) break;
  }
  throw connectError(placeOf(origin), failure);
}

/** As in a URL. */
function placeOf({ secure, host, port }: Origin): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === (secure ? 443 : 80) ? name : `${name}:${port}`;
}

function secured(stream: Duplex, host: string, { signal, ca }: OpenOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = process.getBuiltinModule("node:tls").connect({
      socket: stream,
      host,
      // RFC 6066 §3: literal addresses are not permitted there.
      ...(parseIp(host) === undefined ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      ALPNProtocols: ["http/1.1"],
    });
    const cancel = () => socket.destroy(new HttpError(errorCode("connection-terminated"), `${host}: aborted`));
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel);
    socket.once("secureConnect", () => {
      signal.removeEventListener("abort", cancel);
      resolve(socket);
    });
    // Later errors are the exchange's, which hears of the end.
    socket.on("error", (error) => reject(error instanceof HttpError ? error : tlsError(host, error)));
    socket.once("close", () => {
      signal.removeEventListener("abort", cancel);
      stream.destroy();
      reject(new HttpError(errorCode("connection-terminated"), `${host}: the connection was closed`));
    });
    stream.on("error", (error) => socket.destroy(error));
  });
}
