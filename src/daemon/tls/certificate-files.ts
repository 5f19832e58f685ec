import { createHash } from "node:crypto";
import { constants, type FSWatcher, watch } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import type { Logger } from "../logger.ts";
import { checkPair } from "./certificate.ts";
import type { CertificateEntry, Certificates } from "./certificates.ts";

const filesMax = 20_000;
const fileBytesMax = 256 * 1024;
/** A change is often several: a chain, then its key. */
const settleMs = 300;
/** Links that lead elsewhere change without a word (Kubernetes' secrets, certbot's live/), and watching may fail. */
const lookEveryMs = 30_000;

export interface CertificateFilesOptions {
  readonly directory: string;
  readonly certificates: Certificates;
  readonly log: Logger;
  /** Tells whoever follows the events. */
  event(type: string, message: string): void;
}

/**
 * The certificates of a directory: NAME.crt with NAME.key, or both in NAME.pem. Looks again when something changes there.
 * What is broken or half-written takes nothing away: the pair of before is kept until there is a whole one.
 */
export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  /** Digests of what each name's files held when they were last looked at. */
  readonly #seen = new Map<string, string>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed: boolean = false;

  constructor(options: CertificateFilesOptions) {
    this.#options = options;
  }

  /** Reads what is there. Throws `tls.directory` when it cannot be listed. */
  async start(): Promise<void> {
    const { directory } = this.#options;
    try {
      await readdir(directory);
    } catch (error) {
      throw new WarrenError(
        "tls.directory",
        `the certificates in ${directory} cannot be read: ${(error as Error).message}`,
        {
          hint: "name a directory that the daemon may read with --tls DIR",
        },
      );
    }
    this.#watch();
    await this.look();
    this.#later(lookEveryMs);
  }

  /** Looks now; resolves when the workers know what has changed. */
  look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error: unknown) => {
        this.#options.log.error({ directory: this.#options.directory, err: error }, "certificates could not be read");
      });
    return this.#looking;
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    clearTimeout(this.#timer);
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.#options.directory, { persistent: false }, () => this.#later(settleMs));
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // It is looked at from time to time in any case.
    }
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.look().then(() => this.#later(lookEveryMs)), ms).unref();
  }

  async #look(): Promise<void> {
    const { directory, certificates, log, event } = this.#options;
    const found = await this.#read();
    const entries: CertificateEntry[] = [];
    for (const [name, { chain, key, problem: unreadable }] of found) {
      const digest = createHash("sha256")
        .update(JSON.stringify([chain, key, unreadable]))
        .digest("base64");
      if (this.#seen.get(name) === digest) continue;
      let problem = unreadable;
      try {
        if (problem === undefined) entries.push({ ...checkPair({ chain, key }), source: "file", name });
      } catch (error) {
        if (!(error instanceof WarrenError)) throw error;
        problem = error.message;
      }
      this.#seen.set(name, digest);
      if (problem === undefined) continue;
      const kept = certificates.get("file", name) === undefined ? "" : "; the one of before is kept";
      log.warn({ directory, name, problem }, `a certificate is not used${kept}`);
      event("tls.refused", `${name}: ${problem}${kept}`);
    }
    const gone = [...this.#seen.keys()].filter((name) => !found.has(name));
    for (const name of gone) this.#seen.delete(name);
    if (entries.length === 0 && gone.length === 0) return;
    await certificates.replace(
      entries,
      gone.map((name) => ({ source: "file", name })),
    );
    for (const { name, names } of entries) log.info({ name, names: names.slice(0, 20) }, "certificate read");
    for (const name of gone) log.info({ name }, "certificate removed");
    const changes = [...entries.map(({ name }) => name), ...gone.map((name) => `${name} (removed)`)];
    event(
      "tls.certificates",
      changes.slice(0, 20).join(", ") + (changes.length > 20 ? ` and ${changes.length - 20} more` : ""),
    );
  }

  async #read(): Promise<Map<string, { chain: string; key: string; problem: string | undefined }>> {
    const { directory } = this.#options;
    const files = (await readdir(directory)).filter((file) => /^[^.].*\.(crt|pem)$/.test(file)).sort();
    if (files.length > filesMax)
      throw new WarrenError("tls.directory", `there are more than ${filesMax} files in ${directory}`);
    const found = new Map<string, { chain: string; key: string; problem: string | undefined }>();
    for (const file of files) {
      const name = file.slice(0, -4);
      if (found.has(name)) continue;
      try {
        const chain = await readSmall(join(directory, file));
        const key = file.endsWith(".pem") ? chain : await readSmall(join(directory, `${name}.key`));
        found.set(name, { chain, key: keyIn(key), problem: undefined });
      } catch (error) {
        found.set(name, { chain: "", key: "", problem: (error as Error).message });
      }
    }
    return found;
  }
}

/** Its first private key: a .pem has certificates as well, in any order. */
function keyIn(pem: string): string {
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/.exec(pem)?.[0] ?? pem;
}

async function readSmall(path: string): Promise<string> {
  // Not blocking: a pipe would hold the daemon up.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new WarrenError("tls.file", `${path} is not a file`);
    if (stat.size > fileBytesMax) throw new WarrenError("tls.file", `${path} is longer than ${fileBytesMax} bytes`);
    return await file.readFile("latin1");
  } finally {
    await file.close();
  }
}
