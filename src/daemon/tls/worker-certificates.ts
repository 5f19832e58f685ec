import { randomBytes } from "node:crypto";
import type { CertificateChanges, ChallengeChanges } from "../../worker/protocol.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";
import type { CertificateReaders, Certificates } from "./certificates.ts";

/** Names and keys of one order: some MiB at most. */
const perOrder = 200;
const ticketKeyBytes = 48;
/** Tickets of the key before are not taken any more: such a client does a whole handshake once. */
const ticketsEveryMs = 12 * 60 * 60_000;

/** Tells the workers what they need for TLS. Keys go over each worker's own socket, and are never on a disk that it can read. */
export class WorkerCertificates implements CertificateReaders {
  readonly #certificates: Certificates;
  readonly #rotation: NodeJS.Timeout;
  /** Those that hear of changes, and whether each accepts connections. */
  readonly #workers = new Map<WorkerProcess, boolean>();
  #ticketKey: string = newTicketKey();

  constructor(certificates: Certificates) {
    this.#certificates = certificates;
    certificates.readers = this;
    this.#rotation = setInterval(() => {
      this.#ticketKey = newTicketKey();
      void this.#tell(async (worker, accepts) => {
        if (accepts) await worker.order("tickets", { key: this.#ticketKey });
      });
    }, ticketsEveryMs).unref();
  }

  /**
   * Tells a worker everything; from then on it hears of what changes. One that does not accept connections, because it runs
   * a single tenant's guests, gets the names but no keys.
   */
  async join(worker: WorkerProcess, { accepts }: { accepts: boolean }): Promise<void> {
    // Taken and sent in one step: what changes from now on comes behind it.
    this.#workers.set(worker, accepts);
    const orders = inPieces(this.#certificates.snapshot()).map((changes) => send(worker, changes, accepts));
    orders.push(worker.order("challenges", this.#certificates.challengeSnapshot()));
    if (accepts) orders.push(worker.order("tickets", { key: this.#ticketKey }));
    await Promise.all(orders);
  }

  async certificates(changes: CertificateChanges): Promise<void> {
    const pieces = inPieces(changes);
    await this.#tell(async (worker, accepts) => {
      await Promise.all(pieces.map((piece) => send(worker, piece, accepts)));
    });
  }

  async challenges(changes: ChallengeChanges): Promise<void> {
    await this.#tell(async (worker) => {
      await worker.order("challenges", changes);
    });
  }

  close(): void {
    clearInterval(this.#rotation);
  }

  async #tell(order: (worker: WorkerProcess, accepts: boolean) => Promise<void>): Promise<void> {
    for (const worker of this.#workers.keys()) if (worker.state === "gone") this.#workers.delete(worker);
    // A worker that goes meanwhile needs none, and its successor is told everything.
    await Promise.all([...this.#workers].map(([worker, accepts]) => order(worker, accepts).catch(() => {})));
  }
}

function send(worker: WorkerProcess, changes: CertificateChanges, accepts: boolean): Promise<unknown> {
  if (accepts) return worker.order("certificates", changes);
  const { keys: _, ...rest } = changes;
  return worker.order("certificates", rest);
}

/** Keys first, then names, then what goes: at no time does a name lead to a key that is not there. */
function inPieces({
  forget,
  keys = [],
  names = [],
  nameless,
  drop,
  standard,
}: CertificateChanges): CertificateChanges[] {
  const pieces: CertificateChanges[] = forget ? [{ forget }] : [];
  for (let at = 0; at < keys.length; at += perOrder) pieces.push({ keys: keys.slice(at, at + perOrder) });
  for (let at = 0; at < names.length; at += perOrder) pieces.push({ names: names.slice(at, at + perOrder) });
  pieces.push({
    ...(nameless === undefined ? {} : { nameless }),
    ...(drop === undefined ? {} : { drop }),
    ...(standard === undefined ? {} : { standard }),
  });
  return pieces;
}

function newTicketKey(): string {
  return randomBytes(ticketKeyBytes).toString("base64");
}
