import type { AnswerTarget } from "../answer.ts";
import { redirecting } from "../redirect.ts";
import { Challenges } from "./challenges.ts";
import { ShownCertificates } from "./shown-certificates.ts";

/** RFC 9110 §15.4.9: the method and the body are to be sent again. */
const redirectStatus = 308;

/** What the listeners of one front know for TLS. Without an https listener nothing of node:tls is loaded, which takes 7 MB. */
export class FrontTls {
  readonly certificates: ShownCertificates = new ShownCertificates();
  readonly challenges: Challenges = new Challenges();
  /** What session tickets are sealed with, the same in every worker; each certificate has its own when undefined. */
  ticketKey: Buffer | undefined;
  /** Called when {@link ticketKey} is another. */
  onTicketKey: ((key: Buffer) => void) | undefined;
  #port: number | undefined;
  #redirect: AnswerTarget | undefined;

  /** From plain HTTP to the same at the https listener; undefined without one. */
  get redirect(): AnswerTarget | undefined {
    return this.#redirect;
  }

  /** An https listener is open here or in another worker. Of several, 443 counts, else the first. */
  addPort(port: number): void {
    if (this.#port !== undefined && port !== 443) return;
    this.#port = port;
    this.#redirect = redirecting(`https://{host}${port === 443 ? "" : `:${port}`}{path}{query}`, redirectStatus);
  }

  setTicketKey(key: Buffer): void {
    this.ticketKey = key;
    this.onTicketKey?.(key);
  }
}
