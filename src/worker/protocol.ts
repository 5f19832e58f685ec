// What the daemon and a worker say to each other: the one file of src/worker that the daemon imports. The carrier is
// base/link.ts. Types and constants only: each side's handlers are checked against them.

import type { OutboundGrant } from "../base/outbound-grant.ts";
import type { TimeCounts } from "../base/time-histogram.ts";
import type { UnixFailure } from "../base/unix-connect.ts";
import type { AccessTerms } from "../net/access-log/access-log.ts";
import type { LimitTerms } from "../net/limits/service-limits.ts";
import type { StreamTerms } from "../net/stream-terms.ts";
import type { Refused } from "../net/target.ts";

/**
 * How a program is served: as a server that listens, one instance for each request (WAGI), or a component's function that is called
 * with each request.
 */
export type GuestKind = "server" | "cgi" | "handler";

/** One revision of a service as a worker runs it; everything in it was validated by the daemon. */
export interface InstanceSpec {
  /** `namespace/name`. */
  readonly service: string;
  readonly revision: number;
  readonly kind: GuestKind;
  /** Instances of a handler keep their state from one request to the next. */
  readonly reuse?: boolean;
  readonly digest: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly InstanceMount[];
  /** What its worker serves besides, without it. */
  readonly sites?: readonly SiteSpec[];
  /** Of memories, tables and buffers: what `limits.memory` leaves beside the files in memory. */
  readonly memoryBytesMax: number;
  /** CPU quota, averaged over 100 ms; none when absent. */
  readonly cores?: number;
  /** Its part of a contended CPU beside that of other services; {@link weightDefault} is the usual one. */
  readonly weight: number;
  /** How long a request may take, and a guest run without a pause. Milliseconds; the worker's defaults when absent. */
  readonly requestMsMax?: number;
  /** What its clients may ask of it together and each; no bounds when absent. */
  readonly limits?: LimitTerms;
  /** Every worker that is given it counts its rates on one page, the last descriptor of the order to start it. */
  readonly ratesShared?: boolean;
  /** How many requests may wait for a guest that is starting or does not accept; the worker's default when absent. */
  readonly queueMax?: number;
  /** Which lines its requests leave; none when absent. */
  readonly access?: AccessTerms;
  /** The listeners that the guest is handed, from descriptor 3 on. */
  readonly ports: readonly GuestPort[];
  /** What it may connect to; nothing when absent. */
  readonly outbound?: OutboundRights;
  readonly unix?: readonly UnixGrant[];
  /** The key-value stores that it may open. The daemon has them. */
  readonly stores?: readonly StoreGrant[];
}

/** A store of the namespace, by the guest's own name for it. */
export interface StoreGrant {
  readonly identifier: string;
  readonly name: string;
  readonly mode: "ro" | "rw";
  /** As large as it may be by this service; no matter when absent. */
  readonly bytesMax?: number;
}

export interface OutboundRights {
  readonly grants: readonly OutboundGrant[];
  readonly services: readonly ServiceGrant[];
}

/** A unix socket of the host that a guest may connect to, by its own name for it. The daemon connects. */
export interface UnixGrant {
  readonly path: string;
  readonly source: string;
}

/** Another service of the namespace, and ports of its guest. */
export interface ServiceGrant {
  readonly service: string;
  readonly firstPort: number;
  readonly lastPort: number;
}

/** As in systemd.resource-control(5), CPUWeight=. */
export const weightDefault = 100;

/**
 * What a guest is given to see at a path: a directory or file of the host's, a volume, whose two descriptors come with the
 * order, or an empty directory in memory.
 */
export type InstanceMount =
  | { readonly source: string; readonly target: string; readonly mode: "ro" | "rw"; readonly volume?: string }
  | { readonly tmpBytesMax: number; readonly target: string };

/** A directory of the host's or a volume, as a web site that needs no guest. */
export interface SiteSpec {
  readonly source: string;
  readonly volume?: string;
  /** The file that answers a navigation to what is not there; beneath the directory, as is `immutable`. */
  readonly spa?: string;
  /** For how long clients may go without asking again; nothing is said when absent. Seconds. */
  readonly cacheSeconds?: number;
  /** Prefix of the files whose names change with their content. */
  readonly immutable?: string;
}

/** The sites of a revision, and what the front applies to their requests. */
export type SitesSpec = Pick<InstanceSpec, "service" | "revision" | "sites" | "limits" | "ratesShared" | "access">;

export interface GuestPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

/** What part of a listener's traffic goes to a service, and to which port of its guest. */
export interface RouteEntry {
  /** The listener's key, e.g. `http://0.0.0.0:8080`. */
  readonly listener: string;
  readonly host?: string;
  readonly path?: string;
  readonly ip?: string;
  readonly guestPort: number;
  /** What the guest speaks there; HTTP/1.1 when absent. */
  readonly protocol?: "h2c";
  /** Of a TCP listener's. */
  readonly stream?: StreamTerms;
  /** Plain HTTP is redirected where there is a certificate, when absent. */
  readonly tls?: "off" | "only" | "passthrough";
  /** For so many seconds clients are to come over TLS only. */
  readonly hsts?: number;
  /** Its answers are compressed for clients that accept it. */
  readonly compress?: boolean;
  /** What every worker answers itself, without a guest. */
  readonly answer?: RouteAnswer;
  /** WebSockets are checked on their way. */
  readonly webSocket?: "check";
  /** The guest sees the path without the prefix. */
  readonly strip?: boolean;
  readonly methods?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** This part of the requests, 0 to 1; what other services leave when absent. */
  readonly share?: number;
  /** The value of the cookie of clients that stay with the service. */
  readonly sticky?: string;
  /** Which of the service's sites answers in place of a guest. */
  readonly site?: number;
}

export type RouteAnswer =
  | { readonly kind: "redirect"; readonly to: string; readonly status: number }
  | { readonly kind: "respond"; readonly status: number; readonly body: string; readonly type: string };

/** Where a service is served; every worker knows it for every service. */
export interface Placement {
  readonly service: string;
  readonly revision: number;
  /** `static`: it has no program, and needs no worker of its own. */
  readonly kind: GuestKind | "static";
  /** `off`: stopped by its operator, requests are refused at once. `on`: they wait for an instance, within bounds. */
  readonly state: "on" | "off";
  /**
   * The worker that holds the instance; undefined while none does. CGI and handlers are served by every worker that was given them; this is
   * one of them, for those that were not; the only one when it has a worker of its own.
   */
  readonly worker: string | undefined;
  /** It cannot answer at the moment: where others have the same route, they do. */
  readonly failing: boolean;
  readonly routes: readonly RouteEntry[];
  /** Where routes of it are answered without a guest: what the front applies to those. */
  readonly terms?: Pick<InstanceSpec, "limits" | "access">;
}

/** A certificate as workers use it: PEM, the leaf first. */
export interface CertificateKeys {
  readonly id: string;
  readonly chain: string;
  readonly key: string;
}

/** What changed among the certificates; `forget` applies first. */
export interface CertificateChanges {
  /** Everything that was told before. */
  readonly forget?: true;
  /** For workers that accept connections only: no other needs keys. */
  readonly keys?: readonly CertificateKeys[];
  /** Ids of keys that nothing names any more. */
  readonly drop?: readonly string[];
  readonly names?: readonly CertificateName[];
  readonly nameless?: readonly string[];
  /** Id of the one for clients that name no host, or one without a certificate; `""` for none. */
  readonly standard?: string;
}

/** Which certificate is shown for a host name (`*.` stands for one label) or an address. */
export interface CertificateName {
  readonly name: string;
  readonly id: string;
  /** It is from an authority that clients know: plain HTTP may be redirected to it. */
  readonly known: boolean;
}

/** What certificate authorities look for to see that a host is ours; an empty answer, or null, takes one back. */
export interface ChallengeChanges {
  readonly forget?: true;
  /** HTTP-01 (RFC 8555 §8.3): token, key authorisation. */
  readonly http?: readonly (readonly [token: string, answer: string])[];
  /** TLS-ALPN-01 (RFC 8737): host, certificate. */
  readonly alpn?: readonly (readonly [host: string, certificate: { chain: string; key: string } | null])[];
}

/** States of one revision in one worker. The daemon adds `stopped`. */
export type GuestState = "starting" | "running" | "restarting" | "crash-loop" | "stopping";

export interface GuestStatus {
  readonly service: string;
  readonly revision: number;
  readonly state: GuestState;
  /** Why it is not running, or why it last restarted. */
  readonly reason?: string;
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly startMs?: number;
  readonly restarts: number;
  /** Newest first, ten at most. */
  readonly lastRestarts: readonly { readonly at: number; readonly reason: string }[];
  readonly requests: number;
  /** Requests, connections and datagrams that were not let through to it. */
  readonly refused: Refused;
  readonly memoryBytes: number;
  readonly cpuMs: number;
  /** How often its CPU quota has held it up. */
  readonly throttled: number;
  /** When it last did, in milliseconds since the epoch. */
  readonly throttledAt?: number;
  /** Instances that crashed. */
  readonly traps: number;
  /** How often it went over a limit: an instance was ended, a request given up, a connection refused. */
  readonly limitsHit: number;
  /** Newest first, ten at most. */
  readonly lastLimits: readonly { readonly at: number; readonly reason: string }[];
  /** How long its requests took by the clock, and of its guests' CPU. */
  readonly wallTimes: TimeCounts;
  readonly cpuTimes: TimeCounts;
}

/** What a worker was asked of a service that no guest answers: files, redirects, fixed answers. */
export interface GuestlessCounts {
  readonly service: string;
  readonly requests: number;
  readonly refused: GuestStatus["refused"];
}

/** Something that its operator wants to hear of, besides the states. */
export interface Incident {
  readonly service: string;
  readonly revision: number;
  /** `limit`: it went over one. `throttled`: its quota holds it up, and did not in the seconds before. */
  readonly type: "limit" | "throttled";
  readonly message: string;
}

export interface LogEntry {
  readonly at: number;
  readonly stream: "stdout" | "stderr" | "warren" | "access";
  readonly revision: number;
  readonly text: string;
}

/** What the start of a guest is to wait for. */
export type StartWait = "listening" | "room" | "nothing";

/** Orders: the daemon calls, the worker answers. */
export interface Orders {
  /** First of all: which of the waiting lane connections belongs to this stream. */
  lane: { body: { nonce: string }; answer: unknown };
  hello: { body: Record<string, never>; answer: { id: string; pid: number; version: string; listeners: string[] } };
  /**
   * One descriptor: the listening socket, of the kind that the key's scheme names. UDP sockets go to the worker that holds
   * their `service` only, with `unboundedReplies` when the bound on replies is off; giving any other twice changes nothing. Without a descriptor: other workers accept, and may pass
   * connections of this listener on to this one.
   */
  listen: { body: { key: string; service?: string; guestPort?: number; unboundedReplies?: boolean }; answer: unknown };
  unlisten: { body: { key: string }; answer: unknown };
  /** Sends a copy of one listening socket ahead of the answer. */
  listener: { body: { key: string }; answer: unknown };
  /**
   * Descriptors: the file of the program, prepared for the memory limit of `spec`; then for each volume among its mounts, and then
   * among its sites, its directory and the page of its account (base/volume-page.ts); then the page of its rates, where it shares
   * them (net/limits). With `wait` "listening" it answers when the guest listens and
   * rejects with the reason and its last lines; else it answers at once, and the guest is tried again and again. With "room" it
   * rejects when the worker has no memory for it. The
   * `number` tells on the worker's page that the guest runs.
   */
  start: { body: { spec: InstanceSpec; wait: StartWait; number: number }; answer: GuestStatus };
  stop: { body: { service: string; revision: number; graceMs: number }; answer: { last?: GuestStatus } };
  /**
   * The sites of a revision that has no program, before it is placed. Descriptors: for each volume among them its directory and
   * the page of its account, then the page of its rates. Rejects when one of them cannot be served here. Given again, it takes the place of what was given before.
   */
  sites: { body: { spec: SitesSpec }; answer: unknown };
  place: { body: { placements: readonly Placement[] }; answer: unknown };
  displace: { body: { services: readonly string[] }; answer: unknown };
  /** Two descriptors: a lane and a bell to another worker. */
  peer: { body: { id: string }; answer: unknown };
  unpeer: { body: { id: string }; answer: unknown };
  /** Two descriptors: a lane and a stream to the connector, in the place of those that it had. */
  connector: { body: Record<string, never>; answer: unknown };
  certificates: { body: CertificateChanges; answer: unknown };
  challenges: { body: ChallengeChanges; answer: unknown };
  /** What session tickets are sealed with: 48 bytes in base64, the same in every worker. */
  tickets: { body: { key: string }; answer: unknown };
  /** Of one service's guests, or of all. */
  status: {
    body: { service?: string };
    answer: { guests: GuestStatus[]; guestless: GuestlessCounts[]; rssBytes: number };
  };
  /** Stop accepting, finish what is open, end the guests, then exit. Answered just before the exit. */
  drain: { body: { graceMs: number }; answer: unknown };
}

/** Notes: the worker tells whoever is connected. */
export interface Notes {
  state: GuestStatus;
  log: { service: string; entries: LogEntry[] };
  incident: Incident;
}

/** Calls: the worker asks the daemon. */
export interface Asks {
  /** A connection for a guest to the unix socket that it knows as `path`. The descriptor comes with the answer, or why there is none. */
  unix: { body: { service: string; revision: number; path: string }; answer: { error?: UnixFailure } };
  /** What a guest does with the store that it knows by the identifier. */
  store: { body: { service: string; revision: number; identifier: string; call: StoreCall }; answer: StoreAnswer };
}

/** Values are base64, numbers decimal text. */
export type StoreCall =
  | { readonly do: "get" | "delete"; readonly keys: readonly string[] }
  | { readonly do: "exists"; readonly key: string }
  | { readonly do: "set"; readonly entries: readonly (readonly [key: string, value: string])[] }
  | { readonly do: "list"; readonly after: string }
  | { readonly do: "increment"; readonly key: string; readonly by: string };

export type StoreAnswer =
  | { readonly tag: "no-such-store" | "access-denied" | "done" }
  /** Why not, for the guest's developer. */
  | { readonly tag: "other"; readonly why: string }
  | { readonly tag: "values"; readonly values: readonly (string | null)[] }
  | { readonly tag: "exists"; readonly exists: boolean }
  | { readonly tag: "keys"; readonly keys: readonly string[]; readonly cursor?: string }
  | { readonly tag: "sum"; readonly sum: string };

/** Which guest of which worker: what the connector's grants are for. */
export interface GuestKey {
  /** The worker's id. */
  readonly worker: string;
  readonly service: string;
  readonly revision: number;
}

/** What the resolver of names goes by; the connector reads no files. */
export interface NameSources {
  /** Addresses, with a port where it is not 53. */
  readonly servers: readonly string[];
  /** Names that /etc/hosts gives addresses, in lower case. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
}

/** Orders to the connector: the daemon calls, it answers. */
export interface ConnectorOrders {
  lane: Orders["lane"];
  hello: { body: Record<string, never>; answer: { id: string; pid: number; version: string } };
  names: { body: NameSources; answer: unknown };
  /** Two descriptors: its ends of a worker's lane and stream. */
  worker: { body: { id: string }; answer: unknown };
  /** What a guest may reach. Told before the guest is started. */
  grant: { body: GuestKey & { rights: OutboundRights }; answer: unknown };
  revoke: { body: GuestKey; answer: unknown };
  /** Another connector has its place: to end once no worker is connected. */
  retire: { body: Record<string, never>; answer: unknown };
}

/** What a launched process itself does to complete its wall. */
export interface WallArguments {
  /** Does it stand behind a filter of system calls, which it is to complete? */
  readonly seal: boolean;
  /** Is its user shared with other workers, from whom it hides its memory? */
  readonly hide: boolean;
}

/** How a process that the daemon keeps is started: the JSON of its one argument. */
export interface ProcessArguments extends WallArguments {
  readonly id: string;
  readonly version: string;
}

export interface WorkerArguments extends ProcessArguments {
  /** Blocks of addresses whose connections begin with a header of the PROXY protocol; none when absent. */
  readonly proxies?: readonly string[];
  /** What its instances may hold together when one more is to start. */
  readonly memoryBytesMax: number;
}

// What a worker finds open: its control socket, its lane, and the page on which it shows that it lives.
export const controlFd = 3;
export const laneFd = 4;
export const pulseFd = 5;

/** On that page, in 32-bit words: how often the event loop turned to beat, and the number of the guest that runs. */
export const pulseWord = { beats: 0, guest: 1 } as const;
export const beatEveryMs = 250;

/** A directory or file of the host that a guest may be given. */
export interface MountedPath {
  readonly source: string;
  readonly mode: "ro" | "rw";
}

/**
 * What the launcher does before the worker runs, or the check of a program: the JSON of its one argument. It does all of it
 * or fails; what the kernel lacks is the daemon's to find out before.
 */
export interface LaunchPlan {
  /** The module that is run. */
  readonly entry: string;
  /** Given to it as JSON. */
  readonly args: unknown;
  /** Stay open, besides the first three. */
  readonly descriptors: readonly number[];
  /** Becomes this user and group, and no other group; stays what it is when undefined. */
  readonly user?: number;
  /** May use these paths only: code and data to read, and the mounts. No such wall when undefined. */
  readonly paths?: { readonly read: readonly string[]; readonly mounts: readonly MountedPath[] };
  /** May make the listed system calls only. */
  readonly seccomp: boolean;
  /** How much sooner than others the kernel ends it when memory is short: proc(5), oom_score_adj. */
  readonly oomScoreAdj?: number;
  /** May make and connect sockets of the internet's families; no process that runs guests may. */
  readonly network?: boolean;
  /** Of Node, besides those that every launched process has. */
  readonly flags?: readonly string[];
}
