import { createPrivateKey } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type AcmeClient, type Polled, refusal } from "./acme-client.ts";
import { AcmeError } from "./acme-error.ts";
import type { Authorization, Challenge, Order } from "./messages.ts";
import { challengeCertificate, leafOf, requestFor } from "./x509.ts";

/** Of one order, from the first request to the certificate. CAs look within seconds, and then try again for a minute or so. */
const orderMsMax = 5 * 60_000;
const pollMsMin = 500;
const pollMsMax = 15_000;

/** How a name is proven: over plain HTTP (RFC 8555 §8.3), or in a TLS handshake (RFC 8737). */
export type ChallengeType = "http-01" | "tls-alpn-01";

/** Where challenges are answered: in every worker, once the promise resolves. */
export interface ChallengeAnswers {
  setHttpChallenge(token: string, keyAuthorization: string): Promise<void>;
  removeHttpChallenge(token: string): Promise<void>;
  setAlpnChallenge(host: string, pair: { readonly chain: string; readonly key: string }): Promise<void>;
  removeAlpnChallenge(host: string): Promise<void>;
}

/** A certificate with its key, both PEM. */
export interface Issued {
  readonly chain: string;
  readonly key: string;
  /** How the name was proven; undefined when the CA remembered an earlier proof. */
  readonly challenge: ChallengeType | undefined;
}

export interface IssueOptions {
  readonly client: AcmeClient;
  /** Of the CA, for errors. */
  readonly ca: string;
  readonly host: string;
  /** In order of preference; the first that the CA offers is used. */
  readonly challenges: readonly ChallengeType[];
  /** The id of the certificate that is renewed. */
  readonly replaces?: string | undefined;
  readonly answers: ChallengeAnswers;
  readonly signal: AbortSignal;
}

/** Gets a certificate for a name (RFC 8555 §7.4). Throws AcmeError, or the signal's reason; what was answered is taken back. */
export async function issue(options: IssueOptions): Promise<Issued> {
  const { client, ca, host } = options;
  const timing = new Polling(ca, host, options.signal);
  const placed = await placeOrder(options);
  let challenge: ChallengeType | undefined;
  for (const url of placed.value.authorizations) challenge = (await authorize(options, url, timing)) ?? challenge;
  const { key, request } = await requestFor(host);
  let order: Polled<Order> = await timing.until(
    placed,
    () => client.order(placed.url),
    ({ status }) => status !== "pending",
  );
  if (order.value.status === "ready") order = await client.finalize(order.value.finalize, request);
  order = await timing.until(
    order,
    () => client.order(placed.url),
    ({ status }) => status !== "processing" && status !== "ready",
  );
  const { status, certificate, error } = order.value;
  if (error !== undefined) throw refusal(ca, error);
  if (status !== "valid" || certificate === undefined)
    throw new AcmeError("acme.refused", `the CA at ${ca} left the order of ${host} ${status.slice(0, 40)}`, "ca");
  const chain = await client.certificate(certificate);
  checkIssued(ca, host, chain, key);
  return { chain, key, challenge };
}

async function placeOrder({ client, host, replaces }: IssueOptions): ReturnType<AcmeClient["newOrder"]> {
  try {
    return await client.newOrder(host, replaces);
  } catch (error) {
    // RFC 9773 §7.4. Some CAs know nothing of a certificate that they once issued.
    const odd =
      error instanceof AcmeError && ["alreadyReplaced", "malformed", "serverInternal"].includes(error.problem ?? "");
    if (replaces === undefined || !odd) throw error;
    return client.newOrder(host, undefined);
  }
}

async function authorize(options: IssueOptions, url: string, timing: Polling): Promise<ChallengeType | undefined> {
  const { client, ca, host } = options;
  const first = await client.authorization(url);
  const { identifier, status, challenges } = first.value;
  if (identifier.type !== "dns" || identifier.value !== host)
    throw new AcmeError("acme.answer", `the CA at ${ca} asks for a proof of another name than ${host}`, "ca");
  if (status === "valid") return undefined;
  const type = options.challenges.find((type) => challenges.some((challenge) => canAnswer(challenge, type)));
  const chosen = challenges.find((challenge) => type !== undefined && canAnswer(challenge, type));
  if (type === undefined || chosen === undefined)
    throw new AcmeError(
      "acme.challenge",
      `the CA at ${ca} offers no challenge for ${host} that can be answered`,
      "policy",
    );
  const takeBack = await answer(options, chosen);
  try {
    await client.accept(chosen.url);
    const last = await timing.until(
      first,
      () => client.authorization(url),
      (now) => now.status !== "pending" && now.status !== "processing",
    );
    if (last.value.status !== "valid") throw failed(ca, host, type, last.value);
    return type;
  } finally {
    await takeBack();
  }
}

function canAnswer({ type, token }: Challenge, wanted: ChallengeType): boolean {
  return type === wanted && token !== undefined;
}

async function answer({ client, host, answers }: IssueOptions, challenge: Challenge): Promise<() => Promise<void>> {
  const token = challenge.token as string;
  const keyAuthorization = `${token}.${client.key.thumbprint}`;
  if (challenge.type === "http-01") {
    await answers.setHttpChallenge(token, keyAuthorization);
    return () => answers.removeHttpChallenge(token);
  }
  await answers.setAlpnChallenge(host, await challengeCertificate(host, keyAuthorization));
  return () => answers.removeAlpnChallenge(host);
}

function failed(ca: string, host: string, type: string, { status, challenges }: Authorization): AcmeError {
  const problem = challenges.find((challenge) => challenge.type === type)?.error;
  if (problem === undefined)
    return new AcmeError("acme.challenge", `the CA at ${ca} left the proof of ${host} ${status.slice(0, 40)}`, "name");
  const { message, fault, problem: kind } = refusal(ca, problem);
  return new AcmeError(
    "acme.challenge",
    `${host} by ${type}: ${message}`,
    fault,
    kind === undefined ? {} : { problem: kind },
  );
}

/** A CA's word for what it issued is not taken. */
function checkIssued(ca: string, host: string, chain: string, key: string): void {
  const wrong = (why: string, cause?: unknown): AcmeError =>
    new AcmeError("acme.answer", `the CA at ${ca} issued a certificate for ${host} that ${why}`, "ca", { cause });
  let leaf: ReturnType<typeof leafOf>;
  try {
    leaf = leafOf(chain);
  } catch (error) {
    throw wrong("cannot be read", error);
  }
  if (leaf.subjectAltName !== `DNS:${host}`) throw wrong("has other names");
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw wrong("is not of the key that was sent");
  if (leaf.validToDate.getTime() <= Date.now()) throw wrong("has expired");
}

/** Asks until something is so, within the order's time. */
class Polling {
  readonly #ca: string;
  readonly #host: string;
  readonly #signal: AbortSignal;
  readonly #endsAt = performance.now() + orderMsMax;

  constructor(ca: string, host: string, signal: AbortSignal) {
    this.#ca = ca;
    this.#host = host;
    this.#signal = signal;
  }

  async until<T>(first: Polled<T>, ask: () => Promise<Polled<T>>, done: (value: T) => boolean): Promise<Polled<T>> {
    let wait = pollMsMin;
    let last = first;
    while (!done(last.value)) {
      // The first answer is older than what was done since.
      if (last !== first) {
        const asked = (last.retryAt ?? 0) - Date.now();
        await sleep(Math.min(Math.max(wait, asked), pollMsMax), undefined, { signal: this.#signal });
        wait = Math.min(wait * 1.5, pollMsMax);
      }
      if (performance.now() > this.#endsAt) {
        const why = `the CA at ${this.#ca} did not finish the order of ${this.#host} within ${orderMsMax / 60_000} min`;
        // What it waits for may be the name's own servers.
        throw new AcmeError("acme.timeout", why, "name");
      }
      last = await ask();
    }
    return last;
  }
}
