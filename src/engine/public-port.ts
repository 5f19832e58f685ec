import { once } from "node:events";
import { closeSync } from "node:fs";
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { type Address, formatAddress } from "../base/address.ts";
import { resetConduit } from "../base/conduit.ts";
import { addressOf, DatagramPort } from "../base/datagram-port.ts";
import { systemCode, WarrenError } from "../base/errors.ts";
import { formatIp, parseIp } from "../base/ip.ts";
import { bindUdp, boundAddress } from "../base/native-socket.ts";
import { Tunnel } from "../base/tunnel.ts";
import type { Instance } from "./instance.ts";

const backlog = 1024;
const connectionsMax = 4096;
const keepAliveMs = 60_000;

/**
 * A port of the host that leads to a port of one guest, without a daemon: what `warren run --listen` opens. It is open from the
 * beginning, so that a port in use is told before the program starts; who connects waits until the guest listens.
 */
export interface PublicPort {
  /** As it was bound: with the port that was chosen for 0. */
  readonly address: Address;
  /** Begins to take connections or datagrams for a guest's port, which it was handed or opens by itself. To be called once. */
  attach(instance: Instance, guestPort: number): void;
  /** Open connections are broken off. */
  close(): void;
}

/** Throws `listener.in-use`, `listener.denied`, `listener.no-address`, `listener.failed`. */
export async function openPublicPort(protocol: "tcp" | "udp", address: Address): Promise<PublicPort> {
  return protocol === "tcp" ? await TcpPort.open(address) : new UdpPort(address);
}

class TcpPort implements PublicPort {
  readonly address: Address;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #attach: ((instance: Instance, guestPort: number) => void) | undefined;

  private constructor(server: Server, sockets: Set<Socket>, attach: (instance: Instance, guestPort: number) => void) {
    const bound = server.address();
    this.address = typeof bound === "object" && bound !== null ? { ip: bound.address, port: bound.port } : noAddress;
    this.#server = server;
    this.#sockets = sockets;
    this.#attach = attach;
  }

  static async open(address: Address): Promise<TcpPort> {
    const guest = Promise.withResolvers<{ instance: Instance; guestPort: number }>();
    const sockets = new Set<Socket>();
    const server = createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    });
    server.maxConnections = connectionsMax;
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
      void guest.promise.then(({ instance, guestPort }) => connect(socket, instance, guestPort));
    });
    await listening(server, address, () =>
      server.listen({ host: address.ip, port: address.port, backlog, ipv6Only: isIPv6(address.ip) }),
    );
    return new TcpPort(server, sockets, (instance, guestPort) => guest.resolve({ instance, guestPort }));
  }

  attach(instance: Instance, guestPort: number): void {
    this.#attach?.(instance, guestPort);
    this.#attach = undefined;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function connect(socket: Socket, instance: Instance, guestPort: number): Promise<void> {
  // Of a port that was handed to it the guest's backlog holds those that come before it accepts.
  if (instance.listener(guestPort) === undefined) await instance.whenListening();
  const listener = instance.listener(guestPort);
  if (listener === undefined || socket.destroyed) {
    socket.resetAndDestroy();
    return;
  }
  try {
    const conduit = listener.connect({ ip: plain(socket.remoteAddress), port: socket.remotePort ?? 0 });
    if (socket.destroyed) resetConduit(conduit);
    else new Tunnel(socket, conduit, () => {}).start(undefined);
  } catch {
    // Its backlog is full, it may hold no more, or it has ended.
    socket.resetAndDestroy();
  }
}

class UdpPort implements PublicPort {
  readonly address: Address;
  readonly #fd: number;
  #port: DatagramPort | undefined;

  constructor(address: Address) {
    this.#fd = bindUdp(address);
    this.address = boundAddress(this.#fd);
  }

  attach(instance: Instance, guestPort: number): void {
    const port = new DatagramPort(this.#fd, (data, { remote, local }) => {
      const ends = { remote: Buffer.from(remote), local: Buffer.from(local) };
      const address = addressOf(remote);
      const send = (answer: Uint8Array): void => void port.send(answer, ends);
      const peer = { address, name: formatAddress(address), send, onEnd: undefined };
      instance.datagram(guestPort)?.deliver(new Uint8Array(data), peer);
    });
    this.#port = port;
  }

  close(): void {
    if (this.#port === undefined) closeSync(this.#fd);
    else this.#port.close();
  }
}

const noAddress: Address = { ip: "0.0.0.0", port: 0 };

/** Without its zone, and of IPv4 where it is one. */
function plain(ip: string | undefined): string {
  const bytes = parseIp((ip ?? noAddress.ip).split("%")[0]!);
  return bytes === undefined ? noAddress.ip : formatIp(bytes);
}

async function listening(handle: Server, address: Address, open: () => void): Promise<void> {
  try {
    const opened = once(handle, "listening");
    open();
    await opened;
  } catch (error) {
    throw failure(address, error);
  }
}

function failure(address: Address, error: unknown): WarrenError {
  const what = formatAddress(address);
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return new WarrenError("listener.in-use", `cannot listen on ${what}: another program uses that port`, {
        cause: error,
        hint: "Choose another port, or stop the other program.",
      });
    case "EACCES":
      return new WarrenError(
        "listener.denied",
        `cannot listen on ${what}: ports below 1024 need root or CAP_NET_BIND_SERVICE`,
        { cause: error, hint: "Choose a port from 1024 on." },
      );
    case "EADDRNOTAVAIL":
      return new WarrenError("listener.no-address", `cannot listen on ${what}: this machine has no such address`, {
        cause: error,
      });
    default:
      return new WarrenError(
        "listener.failed",
        `cannot listen on ${what}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
  }
}
