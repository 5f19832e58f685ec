import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "../../base/address.ts";
import { WarrenError } from "../../base/errors.ts";
import { PrivateFiles } from "../../store/private-files.ts";
import type { Logger } from "../logger.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import { routedHosts } from "../services/routed-hosts.ts";
import { Acme, type CertificateSink } from "./acme.ts";
import { Authority, directoryOf, knownAuthorities } from "./authority.ts";
import type { ChallengeType } from "./issue.ts";
import type { ExternalAccount } from "./jws.ts";
import { leafOf } from "./x509.ts";

/** What the operator says of ACME. */
export interface AcmeSettings {
  readonly email: string;
  /** Names or addresses of CAs, the first choice first. */
  readonly authorities: readonly string[];
  /** A file of PEM certificates that CAs given by an address may be certified by. */
  readonly roots: string | undefined;
  /** Files with the keys of accounts that operators have with CAs (RFC 8555 §7.3.4). */
  readonly external: readonly { readonly ca: string; readonly path: string }[];
}

export interface AcmeSurroundings {
  /** A folder of its own. */
  readonly state: string;
  /** Of the http and https listeners. */
  readonly addresses: readonly Address[];
  readonly certificates: CertificateSink;
  readonly services: ReadonlyMap<string, DeployedService>;
  event(type: string, message: string, namespace: string): void;
  readonly log: Logger;
}

/** Throws `acme.*` for settings that make no sense. */
export function makeAcme(settings: AcmeSettings | undefined, around: AcmeSurroundings): Acme | undefined {
  if (settings === undefined) return undefined;
  const accounts = new PrivateFiles(join(around.state, "accounts"));
  const external = new Map(settings.external.map(({ ca, path }) => [directoryOf(ca), readExternal(path)]));
  const roots = settings.roots === undefined ? undefined : readRoots(settings.roots);
  const ending = new AbortController();
  const authorities = settings.authorities.map(
    (ca) =>
      new Authority(
        {
          ca,
          email: settings.email,
          external: external.get(directoryOf(ca)),
          // A private root says nothing of the CAs of the web.
          roots: Object.hasOwn(knownAuthorities, ca) ? undefined : roots,
        },
        accounts,
        ending.signal,
      ),
  );
  return new Acme({
    authorities,
    files: new PrivateFiles(join(around.state, "names")),
    sink: around.certificates,
    challenges: preferred(around.addresses),
    routed: () => routedHosts(around.services.values()),
    event: around.event,
    log: around.log,
    ending,
  });
}

/** CAs come to port 80 or 443. Which of ours they reach is not known when neither is one of those: something stands before us. */
function preferred(addresses: readonly Address[]): readonly ChallengeType[] {
  const plain = addresses.some(({ port }) => port === 80) || !addresses.some(({ port }) => port === 443);
  return plain ? ["http-01", "tls-alpn-01"] : ["tls-alpn-01", "http-01"];
}

/** Two words: the key's id and the MAC key, base64url. */
function readExternal(path: string): ExternalAccount {
  const [kid, hmacKey, ...rest] = readFile(path).trim().split(/\s+/);
  if (kid !== undefined && hmacKey !== undefined && rest.length === 0 && /^[A-Za-z0-9_-]+=*$/.test(hmacKey))
    return { kid, hmacKey };
  throw new WarrenError("acme.external-account", `the file ${path} does not hold a key's id and its MAC key`, {
    hint: "write both, as the CA shows them, with a space between",
  });
}

function readRoots(path: string): string {
  const text = readFile(path);
  try {
    leafOf(text);
  } catch (cause) {
    throw new WarrenError("acme.file", `${path} holds no certificate in PEM`, { cause });
  }
  return text;
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new WarrenError("acme.file", `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
