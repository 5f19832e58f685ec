import type { AccessLog } from "./access-log/access-log.ts";
import type { Client } from "./client.ts";
import type { RequestView } from "./dispatch.ts";
import type { ErrorAnswer } from "./http1/error-answer.ts";
import type { Refusal, ServiceLimits } from "./limits/service-limits.ts";
import type { Activity, Refused } from "./target.ts";
import { bodyTooLarge, Visit } from "./visit.ts";

/** CLOCK_MONOTONIC, which all processes share, where performance.now() is 0 when a process begins. */
const clockAheadMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/**
 * What the front applies to everything that is for one service, in the process that serves it: its limits and its access log.
 * A target without one has neither.
 */
export class ServicePolicy {
  readonly limits: ServiceLimits | undefined;
  readonly access: AccessLog | undefined;

  constructor({ limits, access }: { limits?: ServiceLimits | undefined; access?: AccessLog | undefined }) {
    this.limits = limits;
    this.access = access;
  }

  /** A request has come: what is to be told when it is over, and the answer if it goes no further. */
  visit(request: RequestView, client: Client, activity?: Activity): { visit: Visit; error: ErrorAnswer | undefined } {
    const now = performance.now();
    const tooLarge = this.limits !== undefined && request.contentLength > this.limits.bodyBytesMax;
    const refusal = tooLarge ? undefined : this.limits?.admit(client.remote.ip, now + clockAheadMs);
    const access = this.access?.sampled() ? this.access : undefined;
    const limits = refusal === undefined && !tooLarge ? this.limits : undefined;
    const visit = new Visit({ limits, access, request, client, startedAt: now });
    return { visit, error: tooLarge ? bodyTooLarge() : refusal && refused(refusal, activity) };
  }

  /**
   * A TCP connection has come: what is to be called at its end, undefined when it is to be closed at once.
   */
  connection(ip: string, activity: Activity): (() => void) | undefined {
    const { limits } = this;
    if (limits === undefined) return () => {};
    const refusal = limits.admit(ip, performance.now() + clockAheadMs);
    if (refusal === undefined) return () => limits.release(ip);
    count(activity, refusal);
    return undefined;
  }

  /** A datagram has come: whether the guest may have it. */
  datagram(ip: string, activity: Activity): boolean {
    const refusal = this.limits?.draw(ip, performance.now() + clockAheadMs);
    if (refusal !== undefined) count(activity, refusal);
    return refusal === undefined;
  }
}

const messages = {
  rate: "the service takes no more requests for now",
  connections: "the service is busy with as many requests as it takes",
  "client.rate": "too many requests from this address",
  "client.connections": "too many requests from this address at a time",
} as const;

/**
 * 429 (RFC 6585 §4) where asking less often helps, 503 (RFC 9110 §15.6.4) where the service is full.
 */
function refused(refusal: Refusal, activity: Activity | undefined): ErrorAnswer {
  count(activity, refusal);
  const { by, retryMs } = refusal;
  return {
    status: by === "connections" ? 503 : 429,
    code: `limits.${by}`,
    message: messages[by],
    retryAfterSeconds: Math.max(1, Math.ceil(retryMs / 1000)),
  };
}

function count(activity: Activity | undefined, { by }: Refusal): void {
  const refused = activity?.refused;
  if (refused === undefined) return;
  const key: keyof Refused = by === "rate" || by === "client.rate" ? "rate" : "connections";
  refused[key]++;
}
