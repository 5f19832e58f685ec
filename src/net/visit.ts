import { WarrenError } from "../base/errors.ts";
import type { AccessLog } from "./access-log/access-log.ts";
import type { Client } from "./client.ts";
import type { RequestView } from "./dispatch.ts";
import type { ServiceLimits } from "./limits/service-limits.ts";
import { traceIdOf } from "./trace-context.ts";

/** Of a body that has more bytes than its service takes (RFC 9110 §15.5.14). */
export function bodyTooLarge(): WarrenError {
  return new WarrenError("limits.body", "the request's body has more bytes than the service takes", { status: 413 });
}

/** nginx's word for a client that went away before it was answered. */
const clientGone = 499;

export interface VisitOptions {
  /** By which it was admitted; undefined when it was not. */
  readonly limits: ServiceLimits | undefined;
  readonly access: AccessLog | undefined;
  readonly request: RequestView;
  readonly client: Client;
  /** performance.now(). */
  readonly startedAt: number;
}

/** One request at a service that has limits or an access log, from its head to the end of its answer. */
export class Visit {
  /** Of the answer, once it is known. */
  status: number = clientGone;
  receivedBytes = 0;
  sentBytes = 0;
  /** What the guest has spent on it so far, milliseconds; set by who knows. */
  cpuMs: (() => number) | undefined;
  requestId = "";
  protocol = "HTTP/1.1";
  readonly #limits: ServiceLimits | undefined;
  readonly #access: AccessLog | undefined;
  readonly #ip: string;
  readonly #startedAt: number;
  readonly #method: string;
  readonly #host: string;
  readonly #target: string;
  readonly #traceId: string;

  constructor({ limits, access, request, client, startedAt }: VisitOptions) {
    this.#limits = limits;
    this.#access = access;
    this.#ip = client.remote.ip;
    this.#startedAt = startedAt;
    this.#method = request.method;
    this.#host = request.host;
    this.#target = request.target;
    this.#traceId = access === undefined ? "" : traceIdOf(request.field("traceparent"));
  }

  /** The most bytes that the request's body may have. */
  get bodyBytesMax(): number {
    return this.#limits?.bodyBytesMax ?? Number.POSITIVE_INFINITY;
  }

  /** The answer is out, or will not be. To be called once. */
  end(): void {
    this.#limits?.release(this.#ip);
    if (this.#access === undefined) return;
    const now = performance.now();
    const wallMs = now - this.#startedAt;
    this.#access.add(
      {
        at: Date.now() - wallMs,
        client: this.#ip,
        method: this.#method,
        host: this.#host,
        target: this.#target,
        protocol: this.protocol,
        status: this.status,
        receivedBytes: this.receivedBytes,
        sentBytes: this.sentBytes,
        wallMs,
        cpuMs: this.cpuMs?.() ?? 0,
        requestId: this.requestId,
        traceId: this.#traceId,
      },
      now,
    );
  }
}
