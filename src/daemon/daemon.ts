import { version } from "../base/version.ts";
import type { HealthView } from "../control/service.ts";
import { BlobStore } from "../store/blob-store.ts";
import { openDatabase } from "../store/database.ts";
import { DerivedStore } from "../store/derived-store.ts";
import { DomainStore } from "../store/domain-store.ts";
import { EventStore } from "../store/event-store.ts";
import { KeyValueDatabase } from "../store/key-value-database.ts";
import { ServiceStore } from "../store/service-store.ts";
import { openStateDirectory } from "../store/state-directory.ts";
import { type AcmeSettings, makeAcme } from "./acme/make-acme.ts";
import type { Controller } from "./api/controller.ts";
import { startApi } from "./api/server.ts";
import { refuseLive } from "./api/socket.ts";
import { EventBus } from "./events.ts";
import { connectorView, countServices, workerView } from "./health.ts";
import { Listeners, type Protocol, parseHttpAddress } from "./listeners.ts";
import type { LogFormat, Logger } from "./logger.ts";
import { createLogger } from "./logger.ts";
import { LogStore } from "./logs/log-store.ts";
import { Programs, preparedKey } from "./programs/programs.ts";
import { workerBudget } from "./services/machine-memory.ts";
import type { Isolation } from "./services/plan.ts";
import { routedHosts } from "./services/routed-hosts.ts";
import { ServiceStores } from "./services/service-stores.ts";
import { Supervisor } from "./services/supervisor.ts";
import { StoreDoor } from "./stores/store-door.ts";
import { CertificateFiles } from "./tls/certificate-files.ts";
import { Certificates } from "./tls/certificates.ts";
import { LocalCa } from "./tls/local-ca.ts";
import { isNearby, LocalCertificates } from "./tls/local-certificates.ts";
import { certificateView, localAuthorityView } from "./tls/views.ts";
import { WorkerCertificates } from "./tls/worker-certificates.ts";
import { Volumes } from "./volumes/volumes.ts";
import type { WallMode } from "./wall/wall.ts";
import { buildWall } from "./wall/wall.ts";
import { ConnectorKeeper, connectorDirectory } from "./workers/connector-keeper.ts";
import { UnixDoor } from "./workers/unix-door.ts";
import { hungAfterMs, Watchdog } from "./workers/watchdog.ts";
import { drain, WorkerPool, workersDirectory } from "./workers/worker-pool.ts";
import type { WorkerProcess } from "./workers/worker-process.ts";

/** How long requests in flight may take when the daemon is told to end, or takes over from an earlier one. */
const drainGraceMs = 10_000;
/** How long a takeover waits for the services to come up beside those of the earlier daemon. */
const takeoverWaitMs = 30_000;
const collectEveryMs = 60 * 60_000;

export interface DaemonOptions {
  readonly state: string;
  /** Addresses such as `127.0.0.1:8080`. */
  readonly http: readonly string[];
  /** The same for HTTP over TLS. */
  readonly https: readonly string[];
  /** Directory of certificates and keys. */
  readonly tls: string | undefined;
  /** Certificates by ACME; none when absent. */
  readonly acme: AcmeSettings | undefined;
  readonly socket: string;
  readonly workers: number;
  /** What the instances of one worker may hold together when one more is to start; by the machine when absent. */
  readonly workerMemoryBytesMax?: number;
  readonly wall: WallMode;
  readonly isolation: Isolation;
  /** Name servers for outbound connections, in place of the machine's. */
  readonly dns: readonly string[];
  /** Blocks of addresses of trusted senders of the PROXY protocol. */
  readonly proxies: readonly string[];
  readonly log: LogFormat;
  readonly logLevel?: string;
}

/**
 * Runs the daemon until SIGTERM or SIGINT, and gives the exit code. Throws, with everything released, when it cannot start:
 * `state.*`, `listener.*`, `socket.in-use`, `worker.*`.
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const log = createLogger(options.log, options.logLevel);
  const stopped = stopSignal(log);
  const daemon = await startDaemon(options, log);
  const signal = await stopped;
  log.info({ signal }, "stopping: what is in flight is finished first");
  await daemon.close();
  log.info("stopped");
  return 0;
}

async function startDaemon(options: DaemonOptions, log: Logger): Promise<{ close(): Promise<void> }> {
  const addresses = options.http.map(parseHttpAddress);
  const secureAddresses = options.https.map(parseHttpAddress);
  const wall = buildWall(options.wall);
  for (const missing of wall.missing) log.warn(missing);
  const state = openStateDirectory(options.state);
  // Before anything is taken from the workers of an earlier daemon.
  await refuseLive(options.socket);
  const database = openDatabase(state.databasePath);
  const services = new ServiceStore(database);
  const blobs = await BlobStore.open(state.blobsPath);
  const derived = await DerivedStore.open(state.preparedPath);
  const events = new EventBus(new EventStore(database), (error) =>
    log.error({ err: error }, "events could not be stored"),
  );
  const logs = new LogStore(state.logsPath);
  const volumes = new Volumes({ path: state.volumesPath, user: wall.user, log });
  const programs = new Programs({ blobs, derived, wall });
  const listeners = new Listeners();
  const workerMemoryBytesMax = options.workerMemoryBytesMax ?? workerBudget(options.workers);
  const startedAt = new Date().toISOString();
  const localCa = new LocalCa(state.localCaPath);
  const certificates = new Certificates();
  const workerCertificates = new WorkerCertificates(certificates);
  const certificateFiles =
    options.tls === undefined
      ? undefined
      : new CertificateFiles({
          directory: options.tls,
          certificates,
          log,
          event: (type, message) => events.publish({ type, message }),
        });

  const connector = new ConnectorKeeper({
    directory: connectorDirectory(state.path),
    wall,
    log,
    dns: options.dns,
    event: (type, message) => events.publish({ type, message }),
  });
  const unixDoor = new UnixDoor({ user: wall.user, state: state.path, socket: options.socket });
  const keyValues = new KeyValueDatabase(state.storesPath);
  const stores: ServiceStores = new ServiceStores(
    keyValues,
    () => services.namespaces(),
    () => supervisor.services.values(),
  );
  const storeDoor = new StoreDoor({
    database: keyValues,
    bytesMax: (namespace, grant) => stores.bytesMax(namespace, grant),
    log,
  });
  // A worker that is lost with a back-off has its services started elsewhere at once; otherwise they wait for its successor.
  const pool: WorkerPool = new WorkerPool({
    directory: workersDirectory(state.path),
    count: options.workers,
    wall,
    workerMemoryBytesMax,
    proxies: options.proxies,
    log,
    handlers: {
      state: (worker, status) => supervisor.noted(worker, status),
      incident: (_worker, incident) => supervisor.incident(incident),
      unix: (worker, body) => unixDoor.open(worker, body),
      store: (worker, body) => storeDoor.ask(worker, body),
      log: (_worker, { service, entries }) => {
        const slash = service.indexOf("/");
        const lines = entries.map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() }));
        logs.append(service.slice(0, slash), service.slice(slash + 1), lines);
      },
    },
    mounts: (slot) => supervisor.mountsOf(slot),
    onConnected: (worker) => connector.join(worker),
    onDisconnected: (worker) => {
      connector.leave(worker);
      unixDoor.leave(worker);
      storeDoor.leave(worker);
    },
    onReplaced: (worker, successor) => supervisor.move(worker, successor),
    prepare: async (worker) => {
      await workerCertificates.join(worker, { accepts: true });
      await supervisor.introduce(worker);
      if (serving) await supervisor.shareListeners(worker);
    },
    prepareOwn: async (worker) => {
      await workerCertificates.join(worker, { accepts: false });
      await supervisor.introduceOwn(worker);
    },
    onRested: () => void supervisor.bringUp(),
    onReady: (worker) => {
      events.publish({ type: "worker.started", message: `worker ${worker.id}, pid ${worker.pid}` });
      if (!serving || pool.isOwn(worker)) return;
      // Once more: a service may have come or moved, and a listener may have been opened, while the worker was being set up.
      supervisor.redirect(worker).catch(() => {});
      supervisor.shareListeners(worker).catch(() => {});
      void supervisor.bringUp();
    },
    onLost: (worker, successorMs) => {
      const type = successorMs === undefined ? "worker.replaced" : "worker.lost";
      events.publish({ type, message: `worker ${worker.id}, pid ${worker.pid}` });
      supervisor.workerLost(worker, successorMs !== undefined);
      if (successorMs !== 0 && pool.ready.length > 0) void supervisor.bringUp();
    },
  });
  const supervisor: Supervisor = new Supervisor({
    services,
    domains: new DomainStore(database),
    blobs,
    programs,
    listeners,
    pool,
    volumes,
    connector,
    unixDoor,
    storeDoor,
    log,
    isolation: options.isolation,
    routesChanged: async () => {
      stores.changed();
      await localCertificates?.refresh();
    },
    forgetLogs: (namespace, name) =>
      void logs
        .remove(namespace, name)
        .catch((error) => log.error({ err: error }, "the logs of a deleted service could not be removed")),
    event: (type, message, service) => {
      events.publish({
        type,
        message,
        ...(service === undefined ? {} : { namespace: service.namespace, service: service.name }),
      });
      // Deployed, deleted, started or stopped: the hosts that are routed may be others.
      if (service !== undefined) acme?.changed();
    },
  });
  const acme = makeAcme(options.acme, {
    state: state.acmePath,
    addresses: [...addresses, ...secureAddresses],
    certificates,
    services: supervisor.services,
    event: (type, message, namespace) => events.publish({ type, message, namespace }),
    log,
  });
  const localCertificates =
    options.https.length === 0
      ? undefined
      : new LocalCertificates({
          ca: localCa,
          certificates,
          log,
          everyHost: options.tls === undefined && options.acme === undefined,
          addresses: secureAddresses.flatMap(({ ip }) => (isNearby(ip) ? ip : [])),
          hosts: function* () {
            for (const { host } of routedHosts(supervisor.services.values())) yield host;
          },
        });
  const watchdog = new Watchdog<WorkerProcess>({
    workers: () => pool.connected,
    onSilent: ({ id, pid }, service) => log.warn({ worker: id, pid, service }, "a worker does not answer"),
    onHung: ({ id, pid }, service) => {
      const message = `worker ${id}, pid ${pid}, did not answer for ${hungAfterMs / 1000} s and was ended`;
      log.error({ worker: id, pid, service }, "a worker hung and is ended");
      const [namespace, name] = service?.split("/") ?? [];
      if (namespace === undefined || name === undefined) {
        events.publish({ type: "worker.hung", message });
        return;
      }
      events.publish({
        type: "worker.hung",
        namespace,
        service: name,
        message: `${message}; this service ran in it last`,
      });
      const revision = supervisor.services.get(`${namespace}/${name}`)?.revision.number ?? 0;
      const text = `it held its worker up for ${hungAfterMs / 1000} s; the worker was ended`;
      logs.append(namespace, name, [{ at: new Date().toISOString(), stream: "warren", revision, text }]);
    },
  });
  let serving = false;
  const earlier = await pool.adopt();
  storeDoor.adopt(earlier);
  const controller: Controller = bindController(supervisor, { certificates, localCa, stores }, () => ({
    version,
    pid: process.pid,
    startedAt,
    state: state.path,
    listeners: listeners.list().map(({ key }) => key),
    workers: [...pool.reachable, ...earlier.filter((worker) => worker.state === "draining")].map((worker) =>
      workerView(worker, supervisor),
    ),
    services: countServices(supervisor),
    wall: { mode: wall.mode, missing: [...wall.missing] },
    ...connectorView(connector),
  }));
  let api: Awaited<ReturnType<typeof startApi>>;
  try {
    await adoptListeners(earlier, listeners, log);
    for (const address of addresses) listeners.open("http", address);
    for (const address of secureAddresses) listeners.open("https", address);
    await certificateFiles?.start();
    await supervisor.load();
    await acme?.load();
    listeners.dropUnclaimed();
    await localCertificates?.refresh();
    await pool.start();
    watchdog.start();
    if (earlier.length > 0) {
      // The earlier workers serve on the same sockets until ours can.
      await Promise.race([supervisor.bringUp(), new Promise((resolve) => setTimeout(resolve, takeoverWaitMs).unref())]);
    }
    serving = true;
    await Promise.all(pool.ready.map((worker) => supervisor.shareListeners(worker)));
    api = await startApi({
      controller,
      blobs,
      logs,
      events,
      acme,
      socketPath: options.socket,
      log,
      onUpload: (digest, path) => programs.expect(digest, path),
    });
  } catch (error) {
    // The earlier daemon's workers are left as they are: they serve on, and the next start finds them.
    watchdog.stop();
    pool.abandon(earlier);
    connector.close();
    workerCertificates.close();
    certificateFiles?.close();
    localCertificates?.close();
    state.close();
    throw error;
  }
  if (earlier.length === 0) void supervisor.bringUp();
  void connector.retireEarlier();
  const drained = Promise.all(
    earlier.map(async (worker) => {
      await supervisor.redirect(worker).catch(() => {});
      await drain(worker, drainGraceMs);
    }),
  );
  // The earlier workers answer no challenges.
  void drained.finally(() => acme?.start());
  void drained.then(() => {
    if (earlier.length === 0) return;
    log.info({ workers: earlier.length }, "took over from an earlier daemon");
    // Those had pages of their own, which nobody looks at any more.
    void volumes.recount({ idle: false });
  });

  const collecting = setInterval(() => {
    const prepared = new Set(
      [...supervisor.services.values()].flatMap((one) => (one.kind === "static" ? [] : [preparedKey(one.instance)])),
    );
    void collect(() => blobs.collect(services.programs()), log);
    void collect(() => derived.collect(prepared), log);
    void volumes.recount({ idle: true });
    if (acme !== undefined) void collect(() => acme.collect(), log, "removed certificates that nothing uses");
  }, collectEveryMs);
  const keysOf = (wanted: Protocol) =>
    listeners.list().flatMap(({ key, protocol }) => (protocol === wanted ? key : []));
  log.info(
    {
      http: keysOf("http"),
      ...(options.https.length === 0 ? {} : { https: keysOf("https") }),
      socket: options.socket,
      state: state.path,
      workers: pool.ready.length,
      workerMemoryMiB: Math.floor(workerMemoryBytesMax / 2 ** 20),
      pid: process.pid,
    },
    "listening",
  );

  return {
    close: async () => {
      clearInterval(collecting);
      watchdog.stop();
      await api.close();
      await acme?.close();
      await supervisor.settle();
      await Promise.all([pool.close(drainGraceMs), drained]);
      connector.close();
      workerCertificates.close();
      certificateFiles?.close();
      localCertificates?.close();
      for (const { key } of listeners.list()) listeners.close(key);
      events.close();
      await logs.close();
      await programs.close();
      await derived.close();
      storeDoor.close();
      keyValues.close();
      database.close();
      state.close();
    },
  };
}

/** Copies of the sockets that the workers of an earlier daemon listen on: the same sockets, so that no connection is lost. */
async function adoptListeners(earlier: readonly WorkerProcess[], listeners: Listeners, log: Logger): Promise<void> {
  for (const worker of earlier) {
    try {
      for (const key of (await worker.order("hello", {})).listeners) {
        const fd = await worker.listener(key);
        if (fd !== undefined) listeners.adopt(key, fd);
      }
    } catch (error) {
      log.warn({ worker: worker.id, err: error }, "a worker of an earlier daemon did not give its listeners");
    }
  }
}

function bindController(
  supervisor: Supervisor,
  { certificates, localCa, stores }: { certificates: Certificates; localCa: LocalCa; stores: ServiceStores },
  health: () => Promise<HealthView> | HealthView,
): Controller {
  return {
    health,
    listCertificates: () => certificates.list().map(certificateView),
    localAuthority: () => localAuthorityView(localCa),
    namespaces: () => supervisor.namespaces(),
    createNamespace: (namespace) => supervisor.createNamespace(namespace),
    list: (namespace) => supervisor.list(namespace),
    get: (namespace, name) => supervisor.get(namespace, name),
    deploy: (namespace, spec, precondition) => supervisor.deploy(namespace, spec, precondition),
    remove: (namespace, name, precondition) => supervisor.remove(namespace, name, precondition),
    start: (namespace, name, precondition) => supervisor.start(namespace, name, precondition),
    stop: (namespace, name, precondition) => supervisor.stop(namespace, name, precondition),
    restart: (namespace, name, precondition) => supervisor.restart(namespace, name, precondition),
    listVolumes: (namespace) => supervisor.listVolumes(namespace),
    removeVolume: (namespace, name) => supervisor.removeVolume(namespace, name),
    listStores: (namespace) => stores.list(namespace),
    removeStore: (namespace, name) => stores.remove(namespace, name),
    domains: (namespace) => supervisor.domains(namespace),
    assignDomain: (namespace, domain) => supervisor.assignDomain(namespace, domain),
    removeDomain: (namespace, domain) => supervisor.removeDomain(namespace, domain),
  };
}

async function collect(
  remove: () => Promise<number>,
  log: Logger,
  what = "removed programs that nothing uses",
): Promise<void> {
  try {
    const count = await remove();
    if (count > 0) log.info({ count }, what);
  } catch (error) {
    log.error({ err: error }, "what nothing uses could not be removed");
  }
}

/** Resolves with the first of SIGTERM and SIGINT; a second one ends at once. */
function stopSignal(log: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (seen) {
          log.warn("ended before everything was finished");
          process.exit(1);
        }
        seen = true;
        resolve(signal);
      });
    }
  });
}
