import { WarrenError } from "../base/errors.ts";
import { Flow } from "../base/flow.ts";
import { describeSpent } from "../base/spent.ts";
import { describeExit } from "../engine/exit.ts";
import { startInstance } from "../engine/instance.ts";
import type { Program } from "../engine/launch.ts";
import type { ServicePolicy } from "../net/service-policy.ts";
import type { Activity, RequestTarget, TargetRequest, TargetResponse } from "../net/target.ts";
import { untilIdle } from "./activity.ts";
import { cgiEnvironment } from "./cgi/environment.ts";
import { CgiResponseParser } from "./cgi/response.ts";
import { GuestUsage } from "./guest-usage.ts";
import type { GuestState, GuestStatus, InstanceSpec } from "./protocol.ts";
import type { GuestEnvironment } from "./server-guest.ts";
import { burstMsMaxDefault, queueFull } from "./server-guest.ts";

/** Instances of one service at a time in one worker; more requests wait, up to the second bound. */
const instancesMax = 16;
const waitersMax = 256;
/** As long as the front waits for an answer. */
const requestMsMaxDefault = 300_000;

/** One revision of a CGI program in this worker: a fresh instance for each request. */
export class CgiGuest implements RequestTarget {
  readonly kind = "request";
  readonly spec: InstanceSpec;
  readonly #program: Program;
  readonly #environment: GuestEnvironment;
  readonly #usage: GuestUsage;
  readonly #startedAt = Date.now();
  #state: GuestState = "running";
  #running = 0;
  #waiters: (() => void)[] = [];
  #memoryBytes = 0;
  #cpuMs = 0;

  constructor(spec: InstanceSpec, program: Program, environment: GuestEnvironment) {
    this.spec = spec;
    this.#program = program;
    this.#environment = environment;
    this.#usage = new GuestUsage({ spec, ...environment });
  }

  get policy(): ServicePolicy | undefined {
    return this.#environment.policy;
  }

  get activity(): Activity {
    return this.#usage.activity;
  }

  get status(): GuestStatus {
    return {
      service: this.spec.service,
      revision: this.spec.revision,
      state: this.#state,
      startedAt: this.#startedAt,
      ...this.#usage.failures,
      memoryBytes: this.#memoryBytes,
      cpuMs: this.#cpuMs,
      ...this.#usage.status,
    };
  }

  async stop(graceMs: number): Promise<void> {
    this.#state = "stopping";
    await untilIdle(this.activity, graceMs);
  }

  async handle(request: TargetRequest): Promise<TargetResponse> {
    if (this.#running >= instancesMax) {
      if (this.#waiters.length >= (this.spec.queueMax ?? waitersMax)) {
        this.#usage.refused.queue++;
        throw queueFull(this.spec.service);
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    if (request.signal.aborted) throw new WarrenError("client.gone", "the client went away", { status: 499 });
    this.#running++;
    const done = () => {
      this.#running--;
      this.#waiters.shift()?.();
    };
    let answer: Promise<TargetResponse>;
    try {
      answer = this.#run(request, done);
    } catch (error) {
      // No instance could be started.
      done();
      if (error instanceof WarrenError && error.code === "worker.memory-budget")
        this.#usage.limitHit(`a request was refused: ${error.message}`);
      throw error;
    }
    return answer;
  }

  #run(request: TargetRequest, done: () => void): Promise<TargetResponse> {
    const { spec } = this;
    const { requestMsMax = requestMsMaxDefault } = spec;
    const { log, meter, number, preemption, share, mounts, budget } = this.#environment;
    const stderr = log.stream(spec.service, spec.revision, "stderr");
    const stdout = new Flow();
    const body = new Flow();
    const instance = startInstance(this.#program, {
      args: [spec.service.slice(spec.service.indexOf("/") + 1), ...spec.args],
      env: cgiEnvironment(request, spec.env),
      mounts,
      sockets: [],
      outbound: this.#environment.outbound(),
      ...this.#environment.offers,
      stdin: request.body,
      stdout,
      stderr,
      meter,
      number,
      cpu: { preemption, share, burstMsMax: spec.requestMsMax ?? burstMsMaxDefault },
      budget,
    });
    const parser = new CgiResponseParser();
    const { promise, resolve, reject } = Promise.withResolvers<TargetResponse>();
    let answered = false;
    const stop = (why: string) => instance.kill(why);
    const gone = () => stop("the client went away");
    request.signal.addEventListener("abort", gone, { once: true });
    const beganAt = performance.now();
    const spent = () =>
      describeSpent(performance.now() - beganAt, instance.cpuMs, instance.waiting ? "waiting" : "computing");
    let late: string | undefined;
    const deadline = setTimeout(() => {
      late = spent();
      stop(`it took ${late} (limit.deadline)`);
    }, requestMsMax);

    const fail = (error: WarrenError) => {
      if (answered) body.fail(error);
      else reject(error);
      answered = true;
    };
    const pump = () => {
      for (let chunk = stdout.shift(); chunk !== undefined; chunk = stdout.shift()) {
        if (answered) body.push(chunk);
        else {
          try {
            const parsed = parser.push(chunk);
            if (parsed === undefined) continue;
            answered = true;
            body.push(parsed.body);
            resolve({ ...parsed.head, body, cpuMs: () => instance.cpuMs });
          } catch (error) {
            fail(error as WarrenError);
            return stop("its answer could not be used");
          }
        }
        if (!body.writable && !body.closed) return;
      }
    };
    stdout.onReadable = () => {
      if (body.writable || !answered) pump();
    };
    body.onWritable = () => {
      if (body.cancelled) stop("the client went away");
      else pump();
    };

    void instance.exited.then((exit) => {
      request.signal.removeEventListener("abort", gone);
      clearTimeout(deadline);
      request.body.cancel();
      this.#memoryBytes = Math.max(this.#memoryBytes, instance.memoryBytes);
      this.#cpuMs += instance.cpuMs;
      this.#usage.requestDone(performance.now() - beganAt, instance.cpuMs);
      if (exit.kind === "limit") late ??= spent();
      const told = `an instance ${describeExit(exit)}`;
      if (late !== undefined) this.#usage.limitHit(told, true);
      if (exit.kind === "trap") this.#usage.trapped();
      if (late !== undefined || exit.kind === "trap" || (exit.kind === "exit" && exit.code !== 0))
        this.#usage.failed(told);
      done();
      const finish = () => {
        const told = `${spec.service} ${describeExit(exit)}`;
        if (late !== undefined)
          fail(new WarrenError("limit.deadline", `the service did not answer in time: ${late}`, { status: 504 }));
        else if (exit.kind !== "exit") fail(new WarrenError("cgi.failed", told, { status: 502 }));
        else if (!answered) fail(parser.incomplete);
        else body.end();
      };
      // What the program wrote before it ended may still wait for a slow client.
      const drain = () => {
        pump();
        if (stdout.bytes === 0 || body.cancelled) {
          finish();
        } else {
          body.onWritable = drain;
        }
      };
      drain();
    });
    return promise;
  }
}
