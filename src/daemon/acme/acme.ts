import { errorRecord, WarrenError } from "../../base/errors.ts";
import type { AcmeNameView } from "../../control/acme.ts";
import type { PrivateFiles } from "../../store/private-files.ts";
import type { Logger } from "../logger.ts";
import type { RoutedHost } from "../services/routed-hosts.ts";
import { attempt, type Outcome } from "./attempt.ts";
import type { Authority } from "./authority.ts";
import type { ChallengeAnswers, ChallengeType } from "./issue.ts";
import { fileOf, type KeptCertificate, readName, type Trouble } from "./name-record.ts";
import { stateOf } from "./name-state.ts";
import { Rests } from "./rests.ts";
import { askTime, failureWait, withWindow } from "./timing.ts";
import { type Due, Turns } from "./turns.ts";
import { eligibility, uniqueHosts } from "./wanted.ts";
import { leafOf } from "./x509.ts";

/** The longest time without a look at what is due: names that a file covered may be free again. */
const lookMsMax = 10 * 60_000;
const asksAtOnce = 2;
/** After a failure that is not the name's, when no CA rests. */
const waitMsMin = 10_000;

/** Where certificates are shown. */
export interface CertificateSink extends ChallengeAnswers {
  put(source: "acme", name: string, pair: { readonly chain: string; readonly key: string }): Promise<unknown>;
  remove(source: "acme", name: string): Promise<void>;
  /** What is shown for a host. */
  find(host: string): { readonly source: string; readonly notAfter: number } | undefined;
}

export interface AcmeOptions {
  /** In order of preference. */
  readonly authorities: readonly Authority[];
  readonly files: PrivateFiles;
  readonly sink: CertificateSink;
  /** How names are proven, the first choice first. */
  readonly challenges: readonly ChallengeType[];
  /** The hosts of all services that are deployed. */
  routed(): Iterable<RoutedHost>;
  event(type: string, message: string, namespace: string): void;
  readonly log: Logger;
  /** Ends what is asked of the CAs. */
  readonly ending: AbortController;
  readonly random?: () => number;
}

/** A host that is routed, and what is known of its certificate. */
export interface Name {
  readonly host: string;
  namespace: string;
  active: boolean;
  /** Since when it is known, in ms since the epoch. */
  readonly since: number;
  certificate: KeptCertificate | undefined;
  trouble: Trouble | undefined;
  /** What is done for it now; ended by `stop`. */
  work: { readonly done: Promise<void>; readonly stop: AbortController } | undefined;
}

/** An event to come. */
interface News {
  readonly type: string;
  readonly message: string;
}

/** Gets and renews certificates for the hosts that services are routed by, by ACME (RFC 8555). */
export class Acme {
  readonly #options: AcmeOptions;
  readonly #random: () => number;
  readonly #names = new Map<string, Name>();
  /** Hosts that no CA certifies, with the reason. */
  readonly #refused = new Map<string, { readonly namespace: string; readonly reason: string }>();
  readonly #turns = new Turns();
  readonly #rests: Rests;
  #reading: Promise<void> = Promise.resolve();
  #readAgain: boolean = false;
  #asks: number = 0;
  #held: boolean = true;
  #started: boolean = false;
  readonly #begun = Promise.withResolvers<void>();
  #closed: boolean = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AcmeOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#rests = new Rests(this.#random);
  }

  /** Shows what was issued before. To be called once, when it is known what is deployed. */
  async load(): Promise<void> {
    await this.#read();
  }

  /** Begins to order: once challenges are answered. */
  start(): void {
    this.#held = this.#closed;
    this.#started = true;
    this.#begun.resolve();
    this.#look();
  }

  /** Services have come, gone, or changed. */
  changed(): void {
    if (this.#readAgain || this.#closed) return;
    this.#readAgain = true;
    this.#reading = this.#reading.then(async () => {
      this.#readAgain = false;
      await this.#read();
      this.#look();
    });
  }

  /** By name. */
  states(): AcmeNameView[] {
    const states = [...this.#names.values()].map((name) => {
      const rest = this.#restsUntil(name.namespace);
      return stateOf(name, {
        covered: this.#covered(name.host),
        dueAt: Math.max(this.#dueAt(name), rest),
        label: (ca) => this.#label(ca),
      });
    });
    const refused = [...this.#refused].map(([host, { namespace, reason }]): AcmeNameView => {
      if (this.#covered(host)) return { host, namespace, state: "covered" };
      return { host, namespace, state: "unsupported", reason };
    });
    return [...states, ...refused].sort((a, b) => (a.host < b.host ? -1 : 1));
  }

  /** Asks for a certificate now, whatever was before. Throws what the attempt failed with, or `acme.unknown-name`. */
  async renew(host: string): Promise<void> {
    const name = await this.#idle(host);
    this.#rests.forget(name.namespace);
    const outcome = await this.#order(name);
    if (outcome?.kind === "failed") throw outcome.error;
  }

  /** Revokes the certificate of a host (RFC 8555 §7.6); another is ordered if it is still routed. Reasons: RFC 5280 §5.3.1. */
  async revoke(host: string, reason: number): Promise<void> {
    const name = await this.#idle(host);
    const { certificate } = name;
    if (certificate === undefined)
      throw new WarrenError("acme.no-certificate", `${host} has no certificate of a CA`, { status: 404 });
    const authority = this.#options.authorities.find(({ directory }) => directory === certificate.ca);
    if (authority === undefined)
      throw new WarrenError(
        "acme.other-ca",
        `the certificate of ${host} is of ${certificate.ca}, which is not in use`,
        {
          status: 409,
          hint: "start the daemon with that CA too: --acme-ca",
        },
      );
    const { raw } = leafOf(certificate.chain);
    await authority.with((client) => client.revoke(raw, reason));
    name.certificate = undefined;
    name.trouble = undefined;
    await this.#keep(name);
    await this.#options.sink.remove("acme", host);
    this.#tell("certificate.revoked", name, `${host}: revoked at ${authority.label}`);
    this.#look();
  }

  /** Gives the accounts new keys (RFC 8555 §7.3.5). Orders under way are begun anew: their proofs hold the old key. */
  async changeKeys(): Promise<void> {
    await this.#begun.promise;
    this.#held = true;
    try {
      const working = [...this.#names.values()].flatMap(({ work }) => work ?? []);
      for (const { stop } of working) stop.abort();
      await Promise.all(working.map(({ done }) => done));
      for (const authority of this.#options.authorities) {
        if (await authority.changeKey())
          this.#options.log.info({ ca: authority.label }, "the key of the ACME account was changed");
      }
    } finally {
      this.#held = this.#closed;
      this.#look();
    }
  }

  /** Forgets what is kept of names that have been gone for so long that their certificate has expired. */
  async collect(): Promise<number> {
    let removed = 0;
    const used = new Set([...this.#names.keys()].map(fileOf));
    for (const file of await this.#options.files.names()) {
      if (used.has(file)) continue;
      const { certificate, trouble } = await readName(this.#options.files, file);
      const keepUntil = Math.max(certificate?.to ?? 0, trouble?.next ?? 0);
      if (keepUntil > Date.now() || this.#names.has(file)) continue;
      await this.#options.files.remove(file);
      removed++;
    }
    return removed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#held = true;
    this.#begun.resolve();
    clearTimeout(this.#timer);
    const working = [...this.#names.values()].flatMap(({ work }) => work ?? []);
    for (const { stop } of working) stop.abort();
    this.#options.ending.abort();
    await Promise.all(working.map(({ done }) => done));
    await this.#reading;
    for (const authority of this.#options.authorities) authority.close();
  }

  /** A name that nothing is done for just now. Throws `acme.unknown-name`, and `acme.busy` while accounts change. */
  async #idle(host: string): Promise<Name> {
    // Some seconds, while the workers of an earlier daemon are drained.
    await this.#begun.promise;
    let name = this.#names.get(host);
    while (name?.work !== undefined) {
      await name.work.done;
      name = this.#names.get(host);
    }
    if (this.#held) {
      const message = "the daemon ends, or its ACME accounts get new keys";
      throw new WarrenError("acme.busy", message, { status: 409, hint: "try again in a moment" });
    }
    if (name !== undefined) return name;
    const why = this.#refused.get(host)?.reason ?? "no service is routed by that name";
    throw new WarrenError("acme.unknown-name", `${host.slice(0, 253)} gets no certificate by ACME: ${why}`, {
      status: 404,
    });
  }

  async #read(): Promise<void> {
    const routed = uniqueHosts(this.#options.routed());
    for (const [host, name] of this.#names) if (!routed.has(host)) await this.#drop(name);
    for (const host of this.#refused.keys()) if (!routed.has(host)) this.#refused.delete(host);
    for (const one of routed.values()) {
      const known = this.#names.get(one.host);
      if (known === undefined) {
        await this.#take(one);
        continue;
      }
      known.namespace = one.namespace;
      known.active = one.active;
      if (!one.active) known.work?.stop.abort();
    }
  }

  async #take({ host, namespace, active }: RoutedHost): Promise<void> {
    const can = eligibility(host);
    if (can.kind === "local") return;
    if (can.kind === "no") {
      if (this.#refused.has(host) || this.#covered(host)) return;
      this.#refused.set(host, { namespace, reason: can.reason });
      // Told once, when it is deployed.
      if (this.#started) this.#options.event("certificate.unsupported", `${host}: ${can.reason}`, namespace);
      return;
    }
    const { certificate, trouble } = await readName(this.#options.files, host);
    const name: Name = { host, namespace, active, since: Date.now(), certificate, trouble, work: undefined };
    this.#names.set(host, name);
    if (certificate !== undefined) await this.#show(name, certificate);
  }

  async #drop(name: Name): Promise<void> {
    this.#names.delete(name.host);
    name.work?.stop.abort();
    if (name.certificate !== undefined) await this.#options.sink.remove("acme", name.host);
  }

  /** False when nobody can be shown it. */
  async #show(name: Name, { chain, key }: KeptCertificate): Promise<boolean> {
    try {
      await this.#options.sink.put("acme", name.host, { chain, key });
      return true;
    } catch (error) {
      this.#options.log.error({ host: name.host, err: error }, "a certificate cannot be used");
      name.certificate = undefined;
      return false;
    }
  }

  /** A certificate from a file is shown for it. */
  #covered(host: string): boolean {
    const shown = this.#options.sink.find(host);
    return shown !== undefined && shown.source === "file" && shown.notAfter > Date.now();
  }

  #label(ca: string): string {
    return this.#options.authorities.find(({ directory }) => directory === ca)?.label ?? new URL(ca).host;
  }

  /** When a name's next order is due by what is known of the name. */
  #dueAt({ since, certificate, trouble }: Name): number {
    const ours = this.#options.authorities.some(({ directory }) => directory === certificate?.ca);
    const due = certificate !== undefined && ours ? certificate.renewAt : since;
    return Math.max(due, trouble?.next ?? 0);
  }

  /** Until when no CA is to be asked for a namespace. */
  #restsUntil(namespace: string): number {
    return Math.min(...this.#options.authorities.map(({ directory }) => this.#rests.until(directory, namespace)));
  }

  /** Places the orders that are due and may be placed, and sees to it that the next look is in time. */
  #look(): void {
    clearTimeout(this.#timer);
    if (this.#held) return;
    const now = Date.now();
    let nextAt = now + lookMsMax;
    const due: Due[] = [];
    for (const name of this.#names.values()) {
      if (!name.active || name.work !== undefined || this.#covered(name.host)) continue;
      const at = Math.max(this.#dueAt(name), this.#restsUntil(name.namespace));
      if (at <= now) due.push({ host: name.host, namespace: name.namespace, at });
      else nextAt = Math.min(nextAt, at);
      if (at <= now || name.certificate === undefined) continue;
      if (name.certificate.askAt > now) nextAt = Math.min(nextAt, name.certificate.askAt);
      else if (this.#asks < asksAtOnce) this.#ask(name, name.certificate);
    }
    const waiting = new Map(due.map((one) => [one.host, one]));
    for (
      let one = this.#turns.next(waiting.values(), now);
      one !== undefined;
      one = this.#turns.next(waiting.values(), now)
    ) {
      waiting.delete(one.host);
      void this.#order(this.#names.get(one.host) as Name);
    }
    // The end of an order looks again.
    if (waiting.size > 0) nextAt = Math.min(nextAt, Math.max(this.#turns.roomAt(), now + 1000));
    this.#timer = setTimeout(() => this.#look(), nextAt - now);
    this.#timer.unref();
  }

  /** Does something for a name that nothing is done for yet; resolves when it is over. Never rejects. */
  #work(name: Name, task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const done = task(stop.signal)
      .catch((error: unknown) => {
        if (!stop.signal.aborted)
          this.#options.log.error({ host: name.host, err: error }, "a certificate could not be seen to");
      })
      .then(() => {
        name.work = undefined;
        this.#look();
      });
    name.work = { done, stop };
    return done;
  }

  /** The outcome of one order, undefined when it was ended because nobody wants it any more. */
  async #order(name: Name): Promise<Outcome | undefined> {
    const { host, namespace } = name;
    const end = this.#turns.begin(namespace, Date.now());
    let outcome: Outcome | undefined;
    let news: News | undefined;
    await this.#work(name, async (signal) => {
      try {
        outcome = await attempt({
          ...this.#options,
          rests: this.#rests,
          answers: this.#options.sink,
          host,
          namespace,
          failures: name.trouble?.failures ?? 0,
          current: name.certificate,
          random: this.#random,
          signal,
        });
        if (outcome.kind === "failed") news = await this.#failed(name, outcome);
        // What was issued all the same is kept, should the host come back.
        else if (signal.aborted) await this.#keep({ ...name, certificate: outcome.certificate, trouble: undefined });
        else news = await this.#issued(name, outcome.certificate);
      } finally {
        end(outcome === undefined || outcome.kind === "issued" || outcome.counts);
      }
    });
    // Whoever hears of it finds it so.
    if (news !== undefined) this.#tell(news.type, name, news.message);
    return outcome;
  }

  async #issued(name: Name, certificate: KeptCertificate): Promise<News> {
    const { certificate: before, trouble } = name;
    name.certificate = certificate;
    name.trouble = undefined;
    // On the disk first: what is lost has to be ordered again, and CAs count.
    await this.#keep(name);
    if (!(await this.#show(name, certificate))) {
      name.certificate = before;
      name.trouble = trouble;
      const why = `the certificate that was issued for ${name.host} cannot be used`;
      const error = new WarrenError("acme.unusable", why, { status: 502 });
      return this.#failed(name, { kind: "failed", error, counts: true, retryAt: undefined });
    }
    const until = new Date(certificate.to).toISOString();
    const type = before === undefined ? "certificate.issued" : "certificate.renewed";
    return { type, message: `${name.host}: by ${this.#label(certificate.ca)}, until ${until}` };
  }

  async #failed(name: Name, { error, counts, retryAt = 0 }: Extract<Outcome, { kind: "failed" }>): Promise<News> {
    const now = Date.now();
    const failures = (name.trouble?.failures ?? 0) + (counts ? 1 : 0);
    const wait = counts ? failureWait(failures, (name.certificate?.to ?? 0) - now, this.#random) : waitMsMin;
    const next = Math.max(now + wait, retryAt, this.#restsUntil(name.namespace));
    const { code, message } = errorRecord(error);
    name.trouble = { failures, at: now, next, code, message };
    await this.#keep(name);
    return { type: "certificate.failed", message: `${message}; next try ${new Date(next).toISOString()}` };
  }

  #tell(type: string, name: Name, message: string): void {
    const level = type === "certificate.failed" ? "warn" : "info";
    this.#options.log[level]({ host: name.host, namespace: name.namespace, type }, message);
    this.#options.event(type, message, name.namespace);
  }

  /** What cannot be kept, on a full disk, is used all the same until the daemon ends. */
  async #keep({ host, certificate, trouble }: Pick<Name, "host" | "certificate" | "trouble">): Promise<void> {
    const kept = {
      ...(certificate === undefined ? {} : { certificate }),
      ...(trouble === undefined ? {} : { trouble }),
    };
    await this.#options.files
      .write(fileOf(host), { host, ...kept })
      .catch((error) =>
        this.#options.log.error({ host, err: error }, "what is known of a certificate could not be stored"),
      );
  }

  /** Asks the CA whether it would have a certificate renewed earlier, as it does when it must revoke many (RFC 9773). */
  #ask(name: Name, certificate: KeptCertificate): void {
    this.#asks++;
    void this.#work(name, async () => {
      try {
        const { id } = certificate;
        const authority = this.#options.authorities.find(({ directory }) => directory === certificate.ca);
        // One that cannot be asked now is asked at the next time.
        const info =
          id === undefined
            ? undefined
            : await authority?.with((client) => client.renewalInfo(id)).catch(() => undefined);
        const asked = { ...certificate, askAt: askTime(Date.now(), info?.retryAt) };
        name.certificate = info === undefined ? asked : withWindow(asked, info.value.suggestedWindow, this.#random);
        await this.#keep(name);
      } finally {
        this.#asks--;
      }
    });
  }
}
