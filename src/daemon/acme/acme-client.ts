import type { Static } from "typebox";
import { WarrenError } from "../../base/errors.ts";
import { AcmeError, faultOf, quoted } from "./acme-error.ts";
import { type AccountKey, bindExternally, type ExternalAccount } from "./jws.ts";
import { Account, Authorization, Directory, Order, Problem, parse, RenewalInfo } from "./messages.ts";
import { retryAfter } from "./retry-after.ts";
import type { Answer, Transport } from "./transport.ts";

/** A nonce that is refused is replaced by the one that the refusal brings (RFC 8555 §6.5). */
const nonceTriesMax = 10;
const noncesMax = 8;
/** A directory is read again after so long. */
const directoryMsMax = 3600_000;

/** An answer with what it says about when to ask again. */
export interface Polled<T> {
  readonly value: T;
  readonly retryAt: number | undefined;
}

/** The exchange with one CA for one account (RFC 8555 §7). Every call throws AcmeError, or the signal's reason. */
export class AcmeClient {
  readonly #directoryUrl: string;
  readonly #host: string;
  readonly #transport: Transport;
  readonly #signal: AbortSignal;
  readonly #nonces: string[] = [];
  #directory: { readonly value: Directory; readonly at: number } | undefined;
  #key: AccountKey;
  /** The account's address, which stands for its key once there is one. */
  #account: string | undefined;

  constructor(options: {
    readonly directory: string;
    readonly transport: Transport;
    readonly key: AccountKey;
    readonly account?: string | undefined;
    /** Ends what is under way. */
    readonly signal: AbortSignal;
  }) {
    this.#directoryUrl = options.directory;
    this.#host = new URL(options.directory).host;
    this.#transport = options.transport;
    this.#key = options.key;
    this.#account = options.account;
    this.#signal = options.signal;
  }

  get key(): AccountKey {
    return this.#key;
  }

  get account(): string | undefined {
    return this.#account;
  }

  async directory(): Promise<Directory> {
    const now = Date.now();
    if (this.#directory === undefined || now - this.#directory.at > directoryMsMax) {
      const answer = this.#checked(await this.#transport.send("GET", this.#directoryUrl, undefined, this.#signal));
      this.#directory = { value: parse(Directory, answer.body, this.#host), at: now };
    }
    return this.#directory.value;
  }

  /** Makes the account of the key, or finds it. Agrees to the CA's terms (RFC 8555 §7.3). */
  async register(contact: string, external: ExternalAccount | undefined): Promise<string> {
    const { newAccount, meta } = await this.directory();
    if (meta?.externalAccountRequired === true && external === undefined) {
      throw new AcmeError(
        "acme.external-account",
        `the CA at ${this.#host} only takes accounts that are bound to one of its own: give its key with --acme-eab`,
        "ca",
      );
    }
    const answer = await this.#post(
      newAccount,
      {
        termsOfServiceAgreed: true,
        contact: [`mailto:${contact}`],
        ...(external === undefined
          ? {}
          : { externalAccountBinding: bindExternally(external, this.#key.jwk, newAccount) }),
      },
      { jwk: true },
    );
    return this.#take(answer);
  }

  /** The account of a key that may have one; undefined when it has none. The client goes on with that key. */
  async find(key: AccountKey): Promise<string | undefined> {
    const { newAccount } = await this.directory();
    try {
      const answer = await this.#post(newAccount, { onlyReturnExisting: true }, { jwk: true, key });
      this.#key = key;
      return this.#take(answer);
    } catch (error) {
      if (error instanceof AcmeError && error.problem === "accountDoesNotExist") return undefined;
      throw error;
    }
  }

  #take(answer: Answer): string {
    const { status } = parse(Account, answer.body, this.#host);
    const url = answer.headers.location;
    if (status !== "valid" || url === undefined) {
      throw new AcmeError("acme.refused", `the CA at ${this.#host} says that the account is ${quoted(status)}`, "ca");
    }
    this.#account = url;
    return url;
  }

  async changeContact(contact: string): Promise<void> {
    await this.#post(this.#known(), { contact: [`mailto:${contact}`] });
  }

  /** Puts another key in the place of the account's (RFC 8555 §7.3.5). */
  async changeKey(next: AccountKey): Promise<void> {
    const { keyChange } = await this.directory();
    const inner = next.sign({ jwk: next.jwk, url: keyChange }, { account: this.#known(), oldKey: this.#key.jwk });
    await this.#post(keyChange, JSON.parse(inner));
    this.#key = next;
  }

  /** `replaces` names the certificate that it is to follow (RFC 9773 §5). */
  async newOrder(host: string, replaces: string | undefined): Promise<Polled<Order> & { readonly url: string }> {
    const { newOrder } = await this.directory();
    const payload = { identifiers: [{ type: "dns", value: host }] };
    const answer = await this.#post(newOrder, replaces === undefined ? payload : { ...payload, replaces });
    const url = answer.headers.location;
    if (url === undefined)
      throw new AcmeError("acme.answer", `the CA at ${this.#host} made an order without an address`, "ca");
    return { ...this.#polled(Order, answer), url };
  }

  async order(url: string): Promise<Polled<Order>> {
    return this.#polled(Order, await this.#post(url, undefined));
  }

  async authorization(url: string): Promise<Polled<Authorization>> {
    return this.#polled(Authorization, await this.#post(url, undefined));
  }

  /** Tells the CA that it may look at the challenge. */
  async accept(challengeUrl: string): Promise<void> {
    await this.#post(challengeUrl, {});
  }

  /** The order's certificate is asked for, for this request (PKCS#10, DER). */
  async finalize(url: string, request: Uint8Array): Promise<Polled<Order>> {
    return this.#polled(Order, await this.#post(url, { csr: Buffer.from(request).toString("base64url") }));
  }

  /** The chain in PEM, the leaf first. */
  async certificate(url: string): Promise<string> {
    return (await this.#post(url, undefined)).body.toString("utf8");
  }

  /** Reasons are those of RFC 5280 §5.3.1. */
  async revoke(certificate: Uint8Array, reason: number): Promise<void> {
    const { revokeCert } = await this.directory();
    await this.#post(revokeCert, { certificate: Buffer.from(certificate).toString("base64url"), reason });
  }

  /** When the CA would have a certificate renewed (RFC 9773 §4), undefined when it does not say. */
  async renewalInfo(certificateId: string): Promise<Polled<Static<typeof RenewalInfo>> | undefined> {
    const { renewalInfo } = await this.directory();
    if (renewalInfo === undefined) return undefined;
    const url = `${renewalInfo}/${certificateId}`;
    return this.#polled(RenewalInfo, this.#checked(await this.#transport.send("GET", url, undefined, this.#signal)));
  }

  #polled<T extends Parameters<typeof parse>[0]>(schema: T, answer: Answer): Polled<ReturnType<typeof parse<T>>> {
    return {
      value: parse(schema, answer.body, this.#host),
      retryAt: retryAfter(answer.headers["retry-after"], Date.now()),
    };
  }

  #known(): string {
    if (this.#account === undefined) throw new WarrenError("acme.account", "there is no account yet", { status: 500 });
    return this.#account;
  }

  async #post(
    url: string,
    payload: unknown,
    { jwk = false, key = this.#key }: { jwk?: boolean; key?: AccountKey } = {},
  ): Promise<Answer> {
    const signer = jwk ? { jwk: key.jwk } : { kid: this.#known() };
    for (let tries = 1; ; tries++) {
      const body = key.sign({ ...signer, nonce: await this.#nonce(), url }, payload);
      try {
        const answer = await this.#transport.send("POST", url, body, this.#signal);
        this.#keepNonce(answer);
        return this.#checked(answer);
      } catch (error) {
        if (!(error instanceof AcmeError && error.problem === "badNonce") || tries === nonceTriesMax) throw error;
      }
    }
  }

  async #nonce(): Promise<string> {
    const kept = this.#nonces.pop();
    if (kept !== undefined) return kept;
    const { newNonce } = await this.directory();
    this.#keepNonce(this.#checked(await this.#transport.send("HEAD", newNonce, undefined, this.#signal)));
    const fresh = this.#nonces.pop();
    if (fresh === undefined) throw new AcmeError("acme.answer", `the CA at ${this.#host} gave no nonce`, "ca");
    return fresh;
  }

  /** RFC 8555 §6.5.1: what is not base64url is no nonce. */
  #keepNonce({ headers }: Answer): void {
    const nonce = headers["replay-nonce"];
    if (typeof nonce === "string" && /^[A-Za-z0-9_-]{1,512}$/.test(nonce) && this.#nonces.length < noncesMax)
      this.#nonces.push(nonce);
  }

  #checked(answer: Answer): Answer {
    const { status, headers, body } = answer;
    if (status >= 200 && status <= 299) return answer;
    const retryAt = retryAfter(headers["retry-after"], Date.now());
    const more = retryAt === undefined ? {} : { retryAt };
    // The answer to a HEAD has a type and no body.
    if (body.length === 0 || !/^application\/problem\+json\b/.test(headers["content-type"] ?? ""))
      throw new AcmeError("acme.answer", `the CA at ${this.#host} answered ${status}`, "ca", more);
    const { type = "", detail = "" } = parse(Problem, body, this.#host);
    throw refusal(this.#host, { type, detail }, more);
  }
}

/** The error of a problem that a CA sent (RFC 8555 §6.7). */
export function refusal(host: string, { type = "", detail = "" }: Problem, more: { retryAt?: number } = {}): AcmeError {
  const problem = /^urn:ietf:params:acme:error:([A-Za-z]{1,40})$/.exec(type)?.[1];
  const code = problem === "rateLimited" ? "acme.rate-limited" : "acme.refused";
  const text = quoted(detail) || "it gave no reason";
  const label = problem === undefined ? "" : ` (${problem})`;
  return new AcmeError(code, `the CA at ${host} refused: ${text}${label}`, faultOf(problem), {
    ...more,
    ...(problem === undefined ? {} : { problem }),
  });
}
