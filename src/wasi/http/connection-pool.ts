import type { Agent, AgentOptions, ClientRequest, ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import type { Dialler } from "../sockets/dialler.ts";
import { type Origin, openConnection } from "./open-connection.ts";

export interface PoolOptions {
  readonly dialler: Pick<Dialler, "resolve" | "connect">;
  /** Connections to one origin, and to all of them. */
  readonly connectionsMax: number;
  readonly connectionsPerOriginMax: number;
  readonly idleMax: number;
  readonly idleMsMax: number;
  /** How long the other side of a connection says that it keeps it. Milliseconds. */
  readonly keptMs: WeakMap<Duplex, number>;
  readonly ca?: string | undefined;
}

/** What a request is given besides what Node knows. */
export interface PooledArgs extends ClientRequestArgs {
  readonly origin: Origin;
  /** Ends the making of its connection; Node keeps a `signal` for itself. */
  readonly cancel: AbortSignal;
}

/** What a request may take to the other side of a connection that is about to be closed there. */
const closingMs = 1000;

/** Makes the agent that keeps connections for one guest, or for all instances of a service. */
export function connectionPool(options: PoolOptions): Agent {
  // Not a static import: node:http takes milliseconds to load, and few programs come here.
  const http = process.getBuiltinModule("node:http");

  class ConnectionPool extends http.Agent {
    readonly #idle = new WeakMap<Duplex, () => void>();

    override createConnection(
      { origin, cancel }: PooledArgs,
      done: (error: Error | null, connection: Duplex) => void,
    ): undefined {
      openConnection(origin, { ...options, signal: cancel }).then(
        (connection) => done(null, connection),
        (error) => done(error as Error, undefined as never),
      );
    }

    override getName(args?: PooledArgs): string {
      const { secure, host, port } = (args as PooledArgs).origin;
      return `${secure ? "https" : "http"} ${host} ${port}`;
    }

    // As Node documents it and its types do not: whether to keep it.
    override keepSocketAlive(connection: Duplex): boolean {
      // Bytes that nobody asked for would be taken for the next answer.
      const drop = () => void connection.destroy();
      // Rather closed by us than by the other side just when it is used again.
      const keptMs = (options.keptMs.get(connection) ?? Number.POSITIVE_INFINITY) - closingMs;
      if (keptMs <= 0) return false;
      const timer = setTimeout(drop, Math.min(options.idleMsMax, keptMs)).unref();
      connection.on("data", drop);
      connection.on("end", drop);
      this.#idle.set(connection, () => {
        clearTimeout(timer);
        connection.off("data", drop);
        connection.off("end", drop);
      });
      return true;
    }

    override reuseSocket(connection: Duplex, request: ClientRequest): void {
      request.reusedSocket = true;
      this.#idle.get(connection)?.();
      this.#idle.delete(connection);
    }
  }

  return new ConnectionPool({
    keepAlive: true,
    maxSockets: options.connectionsPerOriginMax,
    maxTotalSockets: options.connectionsMax,
    maxFreeSockets: options.idleMax,
    scheduling: "lifo",
  } satisfies AgentOptions);
}
