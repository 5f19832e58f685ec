import { AcmeError } from "./acme-error.ts";
import type { Authority } from "./authority.ts";
import { type ChallengeAnswers, type ChallengeType, issue } from "./issue.ts";
import type { KeptCertificate } from "./name-record.ts";
import type { Rests } from "./rests.ts";
import { askTime, renewalTime } from "./timing.ts";
import { certificateId, leafOf } from "./x509.ts";

/** So often one CA looks for a proof that it does not find before the next one is asked too. */
const failuresBeforeNext = 2;

export interface AttemptOptions {
  readonly authorities: readonly Authority[];
  readonly rests: Rests;
  readonly answers: ChallengeAnswers;
  readonly host: string;
  readonly namespace: string;
  /** Of the name, in a row, up to now. */
  readonly failures: number;
  readonly current: KeptCertificate | undefined;
  readonly challenges: readonly ChallengeType[];
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** What became of an attempt to get a certificate. */
export type Outcome =
  | { readonly kind: "issued"; readonly certificate: KeptCertificate }
  /** `counts`: it is the name's failure, and not only a CA's. */
  | { readonly kind: "failed"; readonly error: Error; readonly counts: boolean; readonly retryAt: number | undefined };

/** Asks the CAs, in order, until one issues a certificate. Throws the signal's reason only. */
export async function attempt(options: AttemptOptions): Promise<Outcome> {
  const { authorities, rests, namespace, failures, signal } = options;
  let failed: Outcome | undefined;
  for (const authority of authorities) {
    if (rests.until(authority.directory, namespace) > Date.now()) continue;
    try {
      const certificate = await ask(options, authority);
      rests.worked(authority.directory, namespace);
      return { kind: "issued", certificate };
    } catch (error) {
      signal.throwIfAborted();
      const known = error instanceof AcmeError ? error : undefined;
      if (known?.problem === "rateLimited") rests.limited(authority.directory, namespace, Date.now(), known.retryAt);
      else if (known?.fault === "ca") rests.failed(authority.directory, Date.now(), known.retryAt);
      const counts = known?.fault !== "ca";
      // The name's failure is what its owner can do something about.
      if (failed === undefined || (counts && failed.kind === "failed" && !failed.counts))
        failed = { kind: "failed", error: error as Error, counts, retryAt: known?.retryAt };
      if (known === undefined || (known.fault === "name" && failures < failuresBeforeNext)) break;
    }
  }
  if (failed !== undefined) return failed;
  const labels = authorities.map(({ label }) => label).join(", ");
  const error = new AcmeError(
    "acme.resting",
    `no CA is asked at present, after failures of their own: ${labels}`,
    "ca",
  );
  return { kind: "failed", error, counts: false, retryAt: undefined };
}

async function ask(options: AttemptOptions, authority: Authority): Promise<KeptCertificate> {
  const { host, current, failures, random, answers, signal } = options;
  const preferred = current === undefined ? options.challenges : [current.challenge, ...options.challenges];
  const challenges = [...new Set(preferred)];
  // The other way each time: which of the ports the CA reaches is not known here.
  const turned = challenges.map((_, at) => challenges[(at + failures) % challenges.length] as ChallengeType);
  const replaces = current?.ca === authority.directory ? current.id : undefined;
  const { chain, key, challenge } = await authority.with((client) =>
    issue({ client, ca: authority.label, host, challenges: turned, replaces, answers, signal }),
  );
  const leaf = leafOf(chain);
  const [from, to] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  const id = await certificateId(leaf).catch(() => undefined);
  return {
    ca: authority.directory,
    chain,
    key,
    ...(id === undefined ? {} : { id }),
    challenge: challenge ?? current?.challenge ?? (turned[0] as ChallengeType),
    from,
    to,
    renewAt: renewalTime(from, to, random),
    askAt: askTime(Date.now(), Date.now()),
  };
}
