import Type, { type Static } from "typebox";
import { Access } from "./access.ts";
import { clientLimits, Rate } from "./rate.ts";
import { Route } from "./route.ts";

// The words of the control API. The same schemas validate requests, make the OpenAPI document and type the client. Those
// with a title become the named types of the document.

const closed = { additionalProperties: false } as const;

/** DNS label, so that NAME.localhost and NAME.warren.internal are always valid hosts (RFC 1123 §2.1). */
const namePattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
export const Name = Type.String({
  pattern: namePattern,
  description: "lower-case letters, digits and -, at most 63",
});

const digestPattern = "^sha256:[0-9a-f]{64}$";
export const DigestText = Type.String({ pattern: digestPattern, description: "sha256: and 64 hexadecimal digits" });

/** `64MiB`, `1GiB`, `512KiB`, or plain bytes. */
const sizePattern = "^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB|kB|MB|GB)?$";
export const Size = Type.String({ pattern: sizePattern, description: "a size such as 64MiB" });

/** `500ms`, `30s`, `5m`, `1h`. */
export const Duration = Type.String({
  pattern: "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$",
  description: "a duration such as 30s",
});

export const Mount = Type.Object(
  {
    source: Type.Optional(
      Type.String({ pattern: "^/", description: "absolute path of a directory or a regular file on the host" }),
    ),
    volume: Type.Optional(
      Type.String({
        pattern: namePattern,
        description: "the name of a volume (lower-case letters, digits and -), a directory that the daemon keeps",
      }),
    ),
    size: Type.Optional(
      Type.String({
        pattern: sizePattern,
        description: "a size such as 100MiB, of the volume; the least that a service says counts",
      }),
    ),
    tmp: Type.Optional(
      Type.String({
        pattern: sizePattern,
        description: "a size such as 16MiB, of a directory in memory, which is a part of limits.memory",
      }),
    ),
    target: Type.String({ pattern: "^/", description: "absolute path in the guest" }),
    mode: Type.Optional(
      Type.Union([Type.Literal("ro"), Type.Literal("rw")], {
        description: "ro when absent, rw for a volume or tmp",
      }),
    ),
  },
  { title: "Mount", ...closed },
);
export type Mount = Static<typeof Mount>;

export const Outbound = Type.Object(
  {
    host: Type.Optional(
      Type.String({
        description:
          "name, *.example.com, address or CIDR block; private and loopback addresses only by address or block",
      }),
    ),
    service: Type.Optional(Name),
    unix: Type.Optional(
      Type.String({ pattern: "^/", description: "absolute path of a unix socket on the host; streams only" }),
    ),
    as: Type.Optional(Type.String({ description: "what the guest calls that socket; its path when absent" })),
    port: Type.Optional(
      Type.Union([
        Type.Integer({ minimum: 1, maximum: 65535 }),
        Type.String({ pattern: "^[0-9]{1,5}(-[0-9]{1,5})?$", description: "a number, or a range such as 8000-8100" }),
      ]),
    ),
    protocol: Type.Optional(Type.Union([Type.Literal("tcp"), Type.Literal("udp")], { description: "tcp when absent" })),
  },
  {
    title: "Outbound",
    description: "what it may connect to: a host or a service, any port when none is given, or a unix socket",
    ...closed,
  },
);
export type Outbound = Static<typeof Outbound>;

export const Store = Type.Object(
  {
    name: Type.String({
      pattern: namePattern,
      description: "the name of a key-value store of the namespace (lower-case letters, digits and -)",
    }),
    as: Type.Optional(
      Type.String({ pattern: "^.{1,128}$", description: "what the program opens it as; its name when absent" }),
    ),
    size: Type.Optional(
      Type.String({
        pattern: sizePattern,
        description: "a size such as 64MiB; the least that a service says counts, 16MiB when none does",
      }),
    ),
    mode: Type.Optional(Type.Union([Type.Literal("ro"), Type.Literal("rw")], { description: "rw when absent" })),
  },
  { title: "Store", description: "a key-value store that it may open by wasi:keyvalue", ...closed },
);
export type Store = Static<typeof Store>;

/** Memory of a guest whose manifest sets none: Go's net/http starts at 40 MiB and needs room to collect its garbage. */
export const memoryDefault = "256MiB";

export const Limits = Type.Object(
  {
    memory: Type.Optional(Size),
    cpu: Type.Optional(
      Type.Number({ minimum: 0.01, maximum: 1024, description: "cores, averaged over 100 ms; no quota when absent" }),
    ),
    weight: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: "its part of the CPU while others want it too, as systemd's CPUWeight; 100 when absent",
      }),
    ),
    /** How long a request may wait for its answer, and the guest run without a pause. 5m and 30s when absent. */
    request: Type.Optional(Duration),
    body: Type.Optional({
      ...Size,
      description: "the most bytes of a request's body, such as 8MiB; no bound when absent",
    }),
    rate: Type.Optional(Rate),
    connections: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: "HTTP requests in hand, WebSockets and TCP connections at a time; no bound when absent",
      }),
    ),
    queue: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1024,
        description:
          "requests and connections that wait for a program that starts, or does not accept; 1024 when absent, 256 for CGI",
      }),
    ),
    client: Type.Optional(clientLimits),
  },
  closed,
);
export type Limits = Static<typeof Limits>;

/** What is deployed: a manifest whose program is a digest and whose paths are absolute. */
export const ServiceSpec = Type.Object(
  {
    name: Name,
    program: Type.Optional(
      Type.String({
        pattern: digestPattern,
        description: "sha256: and 64 hexadecimal digits; absent when no route needs a guest",
      }),
    ),
    kind: Type.Optional(
      Type.Union([Type.Literal("server"), Type.Literal("cgi"), Type.Literal("handler")], {
        description:
          "when absent, handler for a component that exports wasi:http/incoming-handler, and server for any other program",
      }),
    ),
    reuse: Type.Optional(
      Type.Boolean({
        description: "an instance of a handler keeps its state from one request to the next; it is reset when absent",
      }),
    ),
    args: Type.Optional(Type.Array(Type.String(), { maxItems: 1000 })),
    env: Type.Optional(Type.Record(Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }), Type.String(), closed)),
    route: Type.Optional(Type.Array(Route, { maxItems: 100 })),
    mount: Type.Optional(Type.Array(Mount, { maxItems: 100 })),
    outbound: Type.Optional(Type.Array(Outbound, { maxItems: 100 })),
    store: Type.Optional(Type.Array(Store, { maxItems: 100 })),
    limits: Type.Optional(Limits),
    access: Type.Optional(Access),
    isolation: Type.Optional(
      Type.Union([Type.Literal("shared"), Type.Literal("process")], {
        description: "process: a worker of its own, in which no other service runs; shared when absent",
      }),
    ),
  },
  { title: "ServiceSpec", ...closed },
);
export type ServiceSpec = Static<typeof ServiceSpec>;

/** How a program is served. */
export type ServiceKind = NonNullable<ServiceSpec["kind"]>;

/**
 * - `starting`: no instance listens yet
 * - `running`: an instance listens (or, for CGI, requests are taken)
 * - `restarting`: the last instance ended and the next one waits for its back-off
 * - `crash-loop`: `restarting`, three times or more in quick succession
 * - `stopping` / `stopped`: by `warren stop`
 */
export const ServiceState = Type.Union([
  Type.Literal("starting"),
  Type.Literal("running"),
  Type.Literal("restarting"),
  Type.Literal("crash-loop"),
  Type.Literal("stopping"),
  Type.Literal("stopped"),
]);
export type ServiceState = Static<typeof ServiceState>;

export const InstanceView = Type.Object(
  {
    worker: Type.String(),
    revision: Type.Integer(),
    state: ServiceState,
    startedAt: Type.Optional(Type.String({ format: "date-time" })),
    startMs: Type.Optional(Type.Number({ description: "from the order to start until it listened" })),
    memoryBytes: Type.Integer(),
    cpuMs: Type.Number(),
  },
  { title: "InstanceView" },
);
export type InstanceView = Static<typeof InstanceView>;

export const RestartView = Type.Object(
  {
    at: Type.String({ format: "date-time" }),
    reason: Type.String({ description: "why the instance ended, in words" }),
  },
  { title: "RestartView" },
);
export type RestartView = Static<typeof RestartView>;

export const LimitView = Type.Object(
  {
    at: Type.String({ format: "date-time" }),
    reason: Type.String({ description: "which limit it went over, and what came of it, in words" }),
  },
  { title: "LimitView" },
);
export type LimitView = Static<typeof LimitView>;

export const TimesView = Type.Object(
  {
    totalMs: Type.Number(),
    meanMs: Type.Number(),
    p50Ms: Type.Number({ description: "half of them took no longer; at most 19 % too high" }),
    p99Ms: Type.Number({ description: "99 of 100 took no longer; at most 19 % too high" }),
    maxMs: Type.Number(),
  },
  { title: "TimesView" },
);
export type TimesView = Static<typeof TimesView>;

export const ServiceView = Type.Object(
  {
    namespace: Type.String(),
    name: Type.String(),
    state: ServiceState,
    reason: Type.Optional(Type.String({ description: "why it is in this state, when it is not running" })),
    kind: Type.Union([Type.Literal("server"), Type.Literal("cgi"), Type.Literal("handler"), Type.Literal("static")], {
      description: "static: it has no program",
    }),
    revision: Type.Integer(),
    program: Type.Optional(Type.String({ description: "its digest" })),
    programBytes: Type.Optional(Type.Integer()),
    deployedAt: Type.String({ format: "date-time" }),
    routes: Type.Array(Type.String({ description: "as a URL: http://shop.example.com/api, udp://0.0.0.0:53" })),
    routeNotes: Type.Optional(
      Type.Array(Type.String(), {
        description: "what each of `routes` does besides leading to the program, in their order; absent when none does",
      }),
    ),
    instances: Type.Array(InstanceView),
    restarts: Type.Integer(),
    lastRestarts: Type.Array(RestartView, { description: "the newest ten, newest first" }),
    requests: Type.Integer({ description: "requests, connections (TCP) and datagrams (UDP) taken" }),
    refused: Type.Object(
      {
        rate: Type.Integer({ description: "by limits.rate, limits.client.rate" }),
        connections: Type.Integer({ description: "by limits.connections, limits.client.connections" }),
        queue: Type.Integer({ description: "by limits.queue" }),
      },
      { description: "requests, connections and datagrams that its program never saw" },
    ),
    memoryBytes: Type.Integer(),
    cpuMs: Type.Number({ description: "CPU time spent in its guests" }),
    throttled: Type.Integer({ description: "how often limits.cpu has held it up" }),
    throttling: Type.Boolean({ description: "limits.cpu has held it up in the last ten seconds" }),
    quarantined: Type.Boolean({ description: "it ended two workers and is not started any more; `reason` says so" }),
    traps: Type.Integer({ description: "instances that crashed" }),
    limitsHit: Type.Integer({
      description: "how often it went over a limit: an instance was ended, a request given up, a connection refused",
    }),
    lastLimits: Type.Array(LimitView, { description: "the newest ten, newest first" }),
    requestTimes: Type.Optional(
      Type.Object(
        {
          count: Type.Integer(),
          wall: TimesView,
          cpu: TimesView,
        },
        {
          description:
            "HTTP requests that are over: by the clock, and CPU time of the guest. That of a server, which has many in hand at once, is told by which connection it last read from or wrote to",
        },
      ),
    ),
    spec: ServiceSpec,
  },
  { title: "ServiceView" },
);
export type ServiceView = Static<typeof ServiceView>;

export const VolumeView = Type.Object(
  {
    name: Type.String(),
    bytes: Type.Integer({
      description: "what it holds: content, holes as if they were written, and 512 for each name",
    }),
    bytesMax: Type.Optional(Type.Integer({ description: "its size; no limit when absent" })),
    services: Type.Array(Type.String(), { description: "those that mount it" }),
  },
  { title: "VolumeView" },
);
export type VolumeView = Static<typeof VolumeView>;

export const StoreView = Type.Object(
  {
    name: Type.String(),
    bytes: Type.Integer({ description: "keys and values, and 100 for each key" }),
    keys: Type.Integer(),
    bytesMax: Type.Integer({ description: "its size" }),
    services: Type.Array(Type.String(), { description: "those that list it" }),
  },
  { title: "StoreView" },
);
export type StoreView = Static<typeof StoreView>;

export const LogLine = Type.Object(
  {
    at: Type.String({ format: "date-time" }),
    stream: Type.Union([
      Type.Literal("stdout"),
      Type.Literal("stderr"),
      Type.Literal("warren"),
      Type.Literal("access"),
    ]),
    revision: Type.Integer(),
    text: Type.String(),
  },
  { title: "LogLine" },
);
export type LogLine = Static<typeof LogLine>;

export const EventView = Type.Object(
  {
    id: Type.Integer(),
    at: Type.String({ format: "date-time" }),
    type: Type.String({
      description:
        "service.deployed, service.state, service.restarted, service.limit, service.throttled, service.quarantined, service.deleted, worker.started, worker.lost, worker.replaced, worker.hung, connector.started, connector.lost",
    }),
    namespace: Type.Optional(Type.String()),
    service: Type.Optional(Type.String()),
    message: Type.String(),
  },
  { title: "EventView" },
);
export type EventView = Static<typeof EventView>;

/** What stands between a guest that broke out of its sandbox and the machine. */
export const WallView = Type.Object(
  {
    user: Type.Boolean({ description: "it does not run as root" }),
    landlock: Type.Boolean({ description: "it reaches the files of its guests' mounts only" }),
    seccomp: Type.Boolean({ description: "it makes the system calls of a list only" }),
  },
  { title: "WallView" },
);
export type WallView = Static<typeof WallView>;

export const WorkerView = Type.Object(
  {
    id: Type.String(),
    pid: Type.Integer(),
    state: Type.Union([Type.Literal("starting"), Type.Literal("ready"), Type.Literal("draining")]),
    instances: Type.Integer(),
    memoryBytes: Type.Integer({ description: "resident set size" }),
    startedAt: Type.String({ format: "date-time" }),
    wall: Type.Optional(WallView),
  },
  { title: "WorkerView" },
);
export type WorkerView = Static<typeof WorkerView>;

/** The process that opens outbound connections; there is none while no service has `outbound`. */
export const ConnectorView = Type.Object(
  {
    state: Type.Union([Type.Literal("ready"), Type.Literal("restarting")]),
    reason: Type.Optional(Type.String({ description: "why it is being started again" })),
    pid: Type.Optional(Type.Integer()),
    memoryBytes: Type.Integer({ description: "resident set size" }),
  },
  { title: "ConnectorView" },
);
export type ConnectorView = Static<typeof ConnectorView>;

export const HealthView = Type.Object(
  {
    version: Type.String(),
    pid: Type.Integer(),
    startedAt: Type.String({ format: "date-time" }),
    state: Type.String({ description: "absolute path of the state directory" }),
    listeners: Type.Array(Type.String({ description: "http://0.0.0.0:80, udp://0.0.0.0:53" })),
    workers: Type.Array(WorkerView),
    connector: Type.Optional(ConnectorView),
    services: Type.Object({ total: Type.Integer(), running: Type.Integer() }),
    wall: Type.Optional(
      Type.Object({
        mode: Type.Union([Type.Literal("auto"), Type.Literal("require"), Type.Literal("off")]),
        missing: Type.Array(Type.String({ description: "which piece cannot be had on this machine, why, what to do" })),
      }),
    ),
  },
  { title: "HealthView" },
);
export type HealthView = Static<typeof HealthView>;

export const DomainView = Type.Object({ domain: Type.String() }, { title: "DomainView" });
export type DomainView = Static<typeof DomainView>;

export const NamespaceView = Type.Object({ name: Name }, { title: "NamespaceView" });
export type NamespaceView = Static<typeof NamespaceView>;

/** RFC 9457, with our stable code. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    hint: Type.Optional(Type.String()),
    at: Type.Optional(Type.Union([Type.String(), Type.Number()])),
  },
  { title: "Problem" },
);
export type Problem = Static<typeof Problem>;
