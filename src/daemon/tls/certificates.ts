import type { CertificateChanges, CertificateKeys, CertificateName, ChallengeChanges } from "../../worker/protocol.ts";
import { type Certificate, type CertificatePair, type CertificateSource, checkPair, sources } from "./certificate.ts";

/** A certificate of a source: what the source calls it, a file's name or a host. */
export interface CertificateEntry extends Certificate {
  readonly source: CertificateSource;
  readonly name: string;
}

/** Told of what changed; resolves when every worker knows. */
export interface CertificateReaders {
  certificates(changes: CertificateChanges): Promise<void>;
  challenges(changes: ChallengeChanges): Promise<void>;
}

/**
 * Every certificate of this daemon, of all sources, in memory: what lasts is the source's to keep. Says which one is shown
 * for a name, and tells the workers what changes.
 */
export class Certificates {
  readonly #entries = new Map<string, CertificateEntry>();
  /** For each name the entries that have it, the one that is shown first. */
  readonly #names = new Map<string, CertificateEntry[]>();
  readonly #httpChallenges = new Map<string, string>();
  readonly #alpnChallenges = new Map<string, CertificatePair>();
  #readers: CertificateReaders | undefined;

  /** Who is told. Resolved at once while nobody is. */
  set readers(readers: CertificateReaders) {
    this.#readers = readers;
  }

  /**
   * Adds a certificate, or replaces the source's of that name. Resolves when every worker shows it. Throws `tls.*`, and then
   * nothing has changed.
   */
  async put(source: CertificateSource, name: string, pair: CertificatePair): Promise<CertificateEntry> {
    const entry: CertificateEntry = { ...checkPair(pair), source, name };
    await this.replace([entry], []);
    return entry;
  }

  /** Resolves when no worker shows it any more. */
  async remove(source: CertificateSource, name: string): Promise<void> {
    await this.replace([], [{ source, name }]);
  }

  /** Several at once, checked already. */
  async replace(
    entries: readonly CertificateEntry[],
    removed: readonly { source: CertificateSource; name: string }[],
  ): Promise<void> {
    const touched = new Set<string>();
    const dropped = new Set<string>();
    const keys: CertificateKeys[] = [];
    for (const one of [...removed, ...entries]) {
      const before = this.#entries.get(entryKey(one));
      if (before === undefined) continue;
      this.#entries.delete(entryKey(one));
      dropped.add(idOf(before));
      for (const name of before.names) {
        const left = (this.#names.get(name) ?? []).filter((entry) => entry !== before);
        if (left.length === 0) this.#names.delete(name);
        else this.#names.set(name, left);
        touched.add(name);
      }
    }
    for (const entry of entries) {
      this.#entries.set(entryKey(entry), entry);
      dropped.delete(idOf(entry));
      keys.push(keysOf(entry));
      for (const name of entry.names) {
        this.#names.set(name, [...(this.#names.get(name) ?? []), entry].sort(byPreference));
        touched.add(name);
      }
    }
    if (entries.length === 0 && dropped.size === 0) return;
    await this.#readers?.certificates({
      keys,
      drop: [...dropped],
      names: [...touched].flatMap((name) => this.#nameOf(name) ?? []),
      nameless: [...touched].filter((name) => !this.#names.has(name)),
      standard: this.#standard(),
    });
  }

  /** By source, then by name. */
  list(): CertificateEntry[] {
    return [...this.#entries.values()].sort(inOrder);
  }

  get(source: CertificateSource, name: string): CertificateEntry | undefined {
    return this.#entries.get(entryKey({ source, name }));
  }

  /** What is shown for a host name or an address, in lower case. A wildcard stands for one label (RFC 9525 §6.3). */
  find(host: string): CertificateEntry | undefined {
    const dot = host.indexOf(".");
    return (this.#names.get(host) ?? (dot > 0 ? this.#names.get(`*${host.slice(dot)}`) : undefined))?.[0];
  }

  /** All of it, for a worker that knows nothing. */
  snapshot(): CertificateChanges {
    return {
      forget: true,
      keys: [...this.#entries.values()].map(keysOf),
      names: [...this.#names.keys()].flatMap((name) => this.#nameOf(name) ?? []),
      standard: this.#standard(),
    };
  }

  challengeSnapshot(): ChallengeChanges {
    return { forget: true, http: [...this.#httpChallenges], alpn: [...this.#alpnChallenges] };
  }

  /** Every worker answers `/.well-known/acme-challenge/TOKEN` with this once it resolves; on http listeners, before routing. */
  async setHttpChallenge(token: string, keyAuthorization: string): Promise<void> {
    this.#httpChallenges.set(token, keyAuthorization);
    await this.#readers?.challenges({ http: [[token, keyAuthorization]] });
  }

  async removeHttpChallenge(token: string): Promise<void> {
    if (this.#httpChallenges.delete(token)) await this.#readers?.challenges({ http: [[token, ""]] });
  }

  /** Every worker shows this certificate to clients that ask for that host by the protocol `acme-tls/1`, and to no other. */
  async setAlpnChallenge(host: string, { chain, key }: CertificatePair): Promise<void> {
    this.#alpnChallenges.set(host, { chain, key });
    await this.#readers?.challenges({ alpn: [[host, { chain, key }]] });
  }

  async removeAlpnChallenge(host: string): Promise<void> {
    if (this.#alpnChallenges.delete(host)) await this.#readers?.challenges({ alpn: [[host, null]] });
  }

  #nameOf(name: string): CertificateName | undefined {
    const shown = this.#names.get(name)?.[0];
    return shown && { name, id: idOf(shown), known: shown.source !== "local" };
  }

  /** A file called `default`; else the first file, the first of ACME, our own of this machine. */
  #standard(): string {
    let first = this.get("file", "default");
    if (first === undefined)
      for (const entry of this.#entries.values())
        if (entry.source !== "local" && (first === undefined || inOrder(entry, first) < 0)) first = entry;
    first ??= this.get("local", "localhost");
    return first === undefined ? "" : idOf(first);
  }
}

/** One that is in force before one that is not, then by source, then the one that lasts longest. */
function byPreference(a: CertificateEntry, b: CertificateEntry): number {
  const now = Date.now();
  return (
    Number(b.notAfter > now) - Number(a.notAfter > now) ||
    sources.indexOf(a.source) - sources.indexOf(b.source) ||
    b.notAfter - a.notAfter
  );
}

function inOrder(a: CertificateEntry, b: CertificateEntry): number {
  return sources.indexOf(a.source) - sources.indexOf(b.source) || (a.name < b.name ? -1 : 1);
}

function entryKey({ source, name }: { source: CertificateSource; name: string }): string {
  return `${source}/${name}`;
}

/** Another for each certificate: a worker that hears of a new one keeps no context of the old. */
function idOf(entry: CertificateEntry): string {
  return `${entryKey(entry)}/${entry.fingerprint}`;
}

function keysOf(entry: CertificateEntry): CertificateKeys {
  return { id: idOf(entry), chain: entry.chain, key: entry.key };
}
