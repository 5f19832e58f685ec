import type { Socket } from "node:net";
import type { Address } from "../base/address.ts";
import type { Client } from "./client.ts";
import type { ProxiedEnds } from "./proxy-protocol/header.ts";

/** Whose connections they are that proxies have passed on. */
const proxied = new WeakMap<Socket, ProxiedEnds>();

/** From now on the socket's addresses are these. */
export function setEnds(socket: Socket, ends: ProxiedEnds): void {
  proxied.set(socket, ends);
}

/** What {@link setEnds} was told; undefined where the addresses are the socket's own. */
export function givenEnds(socket: Socket): ProxiedEnds | undefined {
  // Of a TLS connection it is the one beneath that was accepted.
  const { _parent: carrier } = socket as unknown as { _parent?: Socket | null };
  return proxied.get(carrier ?? socket);
}

/** The other end's address; that of a connection already gone is all zero. */
export function remoteAddress(socket: Socket): Address {
  const ends = givenEnds(socket);
  if (ends !== undefined) return ends.remote;
  return { ip: plainIp(socket.remoteAddress ?? "0.0.0.0"), port: socket.remotePort ?? 0 };
}

/** The address that the client dialled. */
export function localAddress(socket: Socket): Address {
  const ends = givenEnds(socket);
  if (ends !== undefined) return ends.local;
  return { ip: plainIp(socket.localAddress ?? "0.0.0.0"), port: socket.localPort ?? 0 };
}

/**
 * One text for one address. A dual-stack listener sees IPv4 clients as `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2): routes and guests
 * mean 192.0.2.1. A link-local address comes with its zone, which means something on this machine only.
 */
export function plainIp(ip: string): string {
  if (ip.startsWith("::ffff:") && ip.includes(".")) return ip.slice(7);
  const zone = ip.indexOf("%");
  return zone < 0 ? ip : ip.slice(0, zone);
}

export function clientOf(socket: Socket): Client {
  return { remote: remoteAddress(socket), local: localAddress(socket), scheme: "http" };
}
