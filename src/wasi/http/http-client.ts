import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Dialler } from "../sockets/dialler.ts";
import { connectionPool } from "./connection-pool.ts";
import type { Field } from "./fields.ts";
import type { Origin } from "./open-connection.ts";

const headBytesMax = 64 * 1024;

export interface HttpClientOptions {
  /** Decides what may be reached. */
  readonly dialler: Pick<Dialler, "resolve" | "connect">;
  readonly connectionsMax?: number;
  readonly connectionsPerOriginMax?: number;
  readonly idleMax?: number;
  readonly idleMsMax?: number;
  /** Authorities instead of those that Node knows: PEM. */
  readonly ca?: string | undefined;
}

export interface SentHead {
  readonly origin: Origin;
  readonly method: string;
  /** Origin form, or `*`. */
  readonly path: string;
  /** All of them, with Host and what frames the body. */
  readonly fields: readonly Field[];
}

/**
 * HTTP/1.1 for guests over connections that are kept. It follows no redirects and undoes no coding. One for all instances of a
 * service, whose guests may not tell it from one of their own.
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #keptMs = new WeakMap<Duplex, number>();
  #pool: Agent | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /**
   * Begins a request: to be written to and ended, and to be destroyed if it is not to go on. `signal` ends the making of its connection.
   * Errors are the request's, as Node has them, or HttpErrors.
   */
  begin({ origin, method, path, fields }: SentHead, signal: AbortSignal): ClientRequest {
    const {
      dialler,
      connectionsMax = 256,
      connectionsPerOriginMax = 128,
      idleMax = 32,
      idleMsMax = 30_000,
    } = this.#options;
    this.#pool ??= connectionPool({
      dialler,
      connectionsMax,
      connectionsPerOriginMax,
      idleMax,
      idleMsMax,
      keptMs: this.#keptMs,
      ca: this.#options.ca,
    });
    const args = {
      origin,
      cancel: signal,
      agent: this.#pool,
      method,
      path,
      headers: fields.flat(),
      maxHeaderSize: headBytesMax,
      insecureHTTPParser: false,
    };
    return process.getBuiltinModule("node:http").request(args);
  }

  /** To be told each answer: it may say how long its connection is kept (RFC 2068 §19.7.1.1). */
  answered({ socket, headers }: IncomingMessage): void {
    const seconds = /(?:^|[, ])timeout=([0-9]{1,6})/i.exec(String(headers["keep-alive"] ?? ""))?.[1];
    if (seconds !== undefined) this.#keptMs.set(socket, Number(seconds) * 1000);
  }

  /** Closes every connection, those in use too. */
  close(): void {
    this.#pool?.destroy();
    this.#pool = undefined;
  }
}

/** The fields of a message of Node's as they came. */
export function receivedFields(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) fields.push([raw[i] as string, raw[i + 1] as string]);
  return fields;
}
