import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { formatIp, parseIp } from "../../base/ip.ts";
import { AnswerWithDescriptors, type Handler, Link } from "../../base/link.ts";
import { socketPair } from "../../base/native-socket.ts";
import { hostName } from "../../base/outbound-grant.ts";
import { errno, type Result } from "../../wasi/errno.ts";
import { DatagramRelay } from "./datagram-relay.ts";
import { dialTcp } from "./dial.ts";
import type { Asking, LaneCalls, LaneNotes, LaneOffers, Refusal } from "./lane-protocol.ts";
import type { Names } from "./names.ts";
import type { Permit } from "./permit.ts";

/** As Linux, nearly: tcp_syn_retries gives up after two minutes, and few programs wait so long. */
const connectMsMax = 30_000;
/** Longer than a worker waits for a guest that starts. */
const acceptMsMax = 20_000;
const lineBytesMax = 16 * 1024;
const queueBytesMax = 1024 * 1024;
/** Calls of one worker that are under way, over all of its guests. */
const callsMax = 4096;

export interface LaneOptions {
  readonly names: Names;
  /** What the daemon said of a guest of this worker. */
  permit(asking: Asking): Permit | undefined;
  /** The lane of another worker. */
  lane(worker: string): WorkerLane | undefined;
}

type Answer = unknown;

/** What one worker asks for, and may have. */
export class WorkerLane {
  /** Called once, when the worker is gone or was cut off. */
  onClose: (() => void) | undefined;
  readonly #options: LaneOptions;
  readonly #link: Link;
  readonly #cancels = new Map<number, AbortController>();
  #calls = 0;

  constructor(lane: number, stream: number, options: LaneOptions) {
    this.#options = options;
    const { resolve, connect, dial, datagrams } = this;
    const handlers: Record<string, Handler> = {
      resolve: this.#counted(resolve),
      connect: this.#counted(connect),
      dial: this.#counted(dial),
      datagrams: this.#counted(datagrams),
      cancel: this.#counted(async ({ id }: LaneNotes["cancel"]) => this.#cancels.get(id)?.abort()),
    };
    const socket = new Socket({ fd: stream, readable: true, writable: true });
    this.#link = new Link(socket, lane, handlers, { lineBytesMax, queueBytesMax });
    this.#link.onClose = () => {
      for (const cancel of this.#cancels.values()) cancel.abort();
      this.onClose?.();
    };
  }

  close(): void {
    this.#link.close();
  }

  /** Offers this worker a stream to one of its guests. */
  async offer(body: LaneOffers["accept"]["body"], fd: number): Promise<"taken" | "elsewhere" | Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Refusal>((resolve) => {
      timer = setTimeout(resolve, acceptMsMax, { error: -errno.TIMEDOUT });
    });
    try {
      return verdictOf(await Promise.race([this.#link.call("accept", body, [fd]), late]));
    } catch {
      return "elsewhere";
    } finally {
      clearTimeout(timer);
    }
  }

  /** A handler that takes no descriptors, and no more calls at a time than are reasonable. */
  #counted<T>(handle: (body: T) => Promise<Answer>): Handler {
    return async (body: never, fds: number[]) => {
      for (const fd of fds) closeSync(fd);
      if (this.#calls >= callsMax) return refusal(-errno.NOBUFS);
      if (typeof body !== "object" || body === null) return refusal(-errno.INVAL);
      this.#calls++;
      try {
        return await handle.call(this, body);
      } finally {
        this.#calls--;
      }
    };
  }

  async resolve(body: LaneCalls["resolve"]["body"]): Promise<LaneCalls["resolve"]["answer"]> {
    const { permit, names } = this.#allowed(body);
    const name = typeof body.name === "string" ? hostName(body.name) : undefined;
    if (permit === undefined || name === undefined || !permit.policy.mayResolve(name)) return refusal(-errno.ACCES);
    const family = body.family === 4 || body.family === 6 ? body.family : undefined;
    const found =
      names.known(name, family) ?? (await permit.lookingUp(() => names.lookUp(name, family))) ?? -errno.NOBUFS;
    if (typeof found === "number") return refusal(found);
    // Only now is it known where the name leads; a name server may say anything.
    const addresses = permit.policy.resolved(name, found);
    if (addresses.length > 0) return { addresses };
    const [address = ""] = found;
    return { error: -errno.ACCES, address };
  }

  async connect(body: LaneCalls["connect"]["body"]): Promise<Answer> {
    const { permit } = this.#allowed(body);
    const { id, port } = body;
    const bytes = typeof body.ip === "string" ? parseIp(body.ip) : undefined;
    if (bytes === undefined || !isPort(port)) return refusal(-errno.INVAL);
    // As one text, so that what is checked is what is dialled.
    const ip = formatIp(bytes);
    if (!permit?.policy.mayReach("tcp", { ip, port })) return refusal(-errno.ACCES);
    const cancel = new AbortController();
    this.#cancels.set(id, cancel);
    try {
      return connected(await permit.dialling(() => dialTcp({ ip, port }, connectMsMax, cancel.signal)));
    } finally {
      if (this.#cancels.get(id) === cancel) this.#cancels.delete(id);
    }
  }

  async dial(body: LaneCalls["dial"]["body"]): Promise<Answer> {
    const { permit } = this.#allowed(body);
    const { to, port, worker } = body;
    if (typeof to !== "string" || !isPort(port) || !permit?.mayDial(to, port)) return refusal(-errno.ACCES);
    const target = typeof worker === "string" ? this.#options.lane(worker) : undefined;
    if (target === undefined) return { elsewhere: true };
    const outcome = await permit.dialling(async (): Promise<Result | "elsewhere"> => {
      const [near, far] = socketPair("stream");
      // Sent at once; what follows is the wait for its answer.
      const offered = target.offer({ service: to, port }, far);
      closeSync(far);
      const verdict = await offered;
      if (verdict === "taken") return near;
      closeSync(near);
      return verdict;
    });
    return outcome === "elsewhere" ? { elsewhere: true } : connected(outcome);
  }

  async datagrams(body: LaneCalls["datagrams"]["body"]): Promise<Answer> {
    const { permit } = this.#allowed(body);
    if (!permit?.hasUdp) return refusal(-errno.ACCES);
    if (!permit.morePorts) return refusal(-errno.NOBUFS);
    const [near, far] = socketPair("stream");
    new DatagramRelay(new Socket({ fd: near, readable: true, writable: true }), permit);
    return new AnswerWithDescriptors({}, [far]);
  }

  #allowed({ service, revision }: Asking): { permit: Permit | undefined; names: Names } {
    return { permit: this.#options.permit({ service, revision }), names: this.#options.names };
  }
}

/** The answer to a dial: its descriptor goes along. Undefined: there were too many. */
function connected(result: Result | undefined = -errno.NOBUFS): Answer {
  return result < 0 ? refusal(result) : new AnswerWithDescriptors({}, [result]);
}

function refusal(error: Result): Refusal {
  return { error };
}

function isPort(port: unknown): port is number {
  return Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535;
}

/** What a worker said of an offer, which may be anything. */
function verdictOf(answer: unknown): "taken" | "elsewhere" | Result {
  if (typeof answer !== "object" || answer === null || "elsewhere" in answer) return "elsewhere";
  if (!("error" in answer)) return "taken";
  const { error } = answer;
  return Number.isInteger(error) && (error as number) < 0 ? (error as number) : -errno.CONNREFUSED;
}
