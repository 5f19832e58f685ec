import { Challenges } from "./challenges.ts";
import { ShownCertificates } from "./shown-certificates.ts";

/** What the listeners of one front know for TLS. Without an https listener nothing of node:tls is loaded, which takes 7 MB. */
export class FrontTls {
  readonly certificates: ShownCertificates = new ShownCertificates();
  readonly challenges: Challenges = new Challenges();
  /** What session tickets are sealed with, the same in every worker; OpenSSL's own choice when undefined. */
  ticketKey: Buffer | undefined;
  /** Called when {@link ticketKey} is another. */
  onTicketKey: (() => void) | undefined;
  readonly #ports: number[] = [];

  /** Of the https listener that plain HTTP is redirected to; undefined without one. */
  get port(): number | undefined {
    return this.#ports.includes(443) ? 443 : this.#ports[0];
  }

  addPort(port: number): void {
    if (!this.#ports.includes(port)) this.#ports.push(port);
  }

  setTicketKey(key: Buffer): void {
    this.ticketKey = key;
    this.onTicketKey?.();
  }
}
