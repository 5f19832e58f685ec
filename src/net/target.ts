import type { Address } from "../base/address.ts";
import type { Conduit } from "../base/conduit.ts";
import type { DatagramPeer } from "../base/datagram-peer.ts";
import type { Flow } from "../base/flow.ts";
import type { AnswerTarget } from "./answer.ts";
import type { ProxiedEnds } from "./proxy-protocol/header.ts";
import type { ServicePolicy } from "./service-policy.ts";

/** Why a target refuses a request, with status 503, when too many wait for its guest. */
export const queueCode = "limits.queue";

/** Counts of one target, kept by the front and read by whoever drains or reports. */
export interface Activity {
  /** Requests, TCP connections and datagrams ever taken. */
  requests: number;
  /** Requests and connections in flight. */
  active: number;
  /** Called when `active` falls to 0. */
  onIdle: (() => void) | undefined;
  /** A request is over: how long it took by the clock, and of the guest's CPU. Milliseconds. */
  onRequestDone?: ((wallMs: number, cpuMs: number) => void) | undefined;
  /** The front gave a request up that took longer than it may; `spent` in words. */
  onLate?: ((spent: string) => void) | undefined;
  /** What was refused before the guest saw it, where somebody counts it. */
  readonly refused?: Refused;
}

/** Requests, connections and datagrams that the front did not let through to a guest. */
export interface Refused {
  /** By a rate. */
  rate: number;
  /** By a number of connections. */
  connections: number;
  /** Because too many waited for the guest already. */
  queue: number;
}

/** A guest that listens: the front speaks HTTP/1.1 (or raw bytes, for a TCP route) over in-memory connections. */
export interface StreamTarget {
  readonly kind: "stream";
  /** Its connections lead to the front of another worker, which is told who the client is and does the rest. */
  readonly peer?: true;
  readonly activity: Activity;
  readonly policy?: ServicePolicy | undefined;
  /** How long the guest has for its answer's head; the front's own limit when absent. Milliseconds. */
  readonly answerMsMax?: number | undefined;
  /**
   * A new connection to the guest. May wait for a guest that is starting, within the target's own bounds; throws a
   * WarrenError with status 503 (`service.unavailable`) when there is no instance.
   */
  connect(from: Address): Conduit | Promise<Conduit>;
}

/** A guest that is called once for each request (CGI now, handlers later). */
export interface RequestTarget {
  readonly kind: "request";
  readonly activity: Activity;
  readonly policy?: ServicePolicy | undefined;
  /** Its requests may stay open without a byte for as long as both ends like (gRPC's streams). */
  readonly streaming?: boolean;
  handle(request: TargetRequest): Promise<TargetResponse>;
}

/** The service lives in another worker: the client's connection goes there with the bytes read from it. */
export interface ElsewhereTarget {
  readonly kind: "elsewhere";
  /**
   * Takes over a connection at a request boundary. `fd` stays the caller's, who closes it once this resolves; `bytes` is
   * what was read and not answered, beginning with a request head (empty for a TCP route). `passage` goes along to the
   * adopting front. Throws WarrenError 503 when nobody could take it.
   */
  pass(fd: number, bytes: Uint8Array, passage: Passage): Promise<void>;
  /** The other worker's front, for the requests of connections that cannot be given away: their state is here. */
  readonly proxied: StreamTarget;
  /** The same over HTTP/2, for clients of HTTP/2 to a guest that speaks it too: nothing is translated on the way. */
  readonly multiplexed?: RequestTarget;
}

/** What travels with a passed connection besides its descriptor and bytes. */
export interface Passage {
  /** Key of the listener that accepted the connection. */
  readonly listener: string;
  /** How often this request has been passed on, this time included. */
  readonly passed: number;
  /** `namespace/name` of the one that it is for: several may share a route, and one was chosen. */
  readonly service?: string;
  /** It is no client's own connection but one between two fronts: see net/peer-client.ts. */
  readonly peer?: boolean;
  /** Whose it is, where a proxy has said so. */
  readonly ends?: ProxiedEnds;
}

/** A field of a message; the name in lower case. */
export type Field = readonly [name: string, value: string];

export type HttpTarget = StreamTarget | RequestTarget | ElsewhereTarget;

/** Where a route leads: to what {@link HttpTarget} says, or to an answer that needs nobody. */
export type RouteTarget = HttpTarget | AnswerTarget;

export interface TargetRequest {
  readonly method: string;
  /** Origin form, as received: `/a%20b?q`. */
  readonly path: string;
  /** Prefix of `path` that the route matched, `""` for the root. */
  readonly mountedAt: string;
  /** A guest that sees one path only is to see it without that prefix. */
  readonly strip?: boolean;
  readonly host: string;
  readonly scheme: "http" | "https";
  /** Names in lower case, in order, hop-by-hop fields removed, forwarding fields set. */
  readonly headers: readonly Field[];
  /** The body, without its framing. Cancel it when it is not wanted. */
  readonly body: Flow;
  /** Fields behind the body: complete once that has ended. */
  readonly trailers?: readonly Field[];
  /** Takes an interim answer to the client: 1xx but 100 and 101. */
  readonly inform?: (status: number, fields: readonly Field[]) => void;
  readonly client: Address;
  readonly server: Address;
  /** How often it has been asked of another worker's front before. */
  readonly passed?: number;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** The same for one who needs no signal, which costs more than the rest of a request: to be set by the target. */
  onGone?: (() => void) | undefined;
}

export interface TargetResponse {
  readonly status: number;
  readonly headers: readonly Field[];
  /** Cancelled by the front when the client goes away. */
  readonly body: Flow;
  /** Takes a chunk of the body back that nobody reads any more, for other bytes. Who cannot tell when that is does not call it. */
  readonly giveBack?: (chunk: Uint8Array) => void;
  /** What the guest has spent on it so far, where it is known. Milliseconds. */
  readonly cpuMs?: (() => number) | undefined;
  /** Fields behind the body: complete once that has ended. Absent when there can be none. */
  readonly trailers?: readonly Field[];
}

/** Where a UDP listener's datagrams go. */
export interface DatagramTarget {
  readonly activity: Activity;
  /** Never blocks: drops when the guest's queue is full. `data` is the target's to keep. */
  deliver(data: Uint8Array, peer: DatagramPeer): void;
}
