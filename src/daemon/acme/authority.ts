import { createHash } from "node:crypto";
import { isIP } from "node:net";
import Type, { type Static } from "typebox";
import { WarrenError } from "../../base/errors.ts";
import { checkValue } from "../../control/check.ts";
import type { PrivateFiles } from "../../store/private-files.ts";
import { AcmeClient } from "./acme-client.ts";
import { AcmeError } from "./acme-error.ts";
import { AccountKey, type ExternalAccount } from "./jws.ts";
import { Transport } from "./transport.ts";

/** CAs that are known by a name. */
export const knownAuthorities: Readonly<Record<string, string>> = {
  letsencrypt: "https://acme-v02.api.letsencrypt.org/directory",
  "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
  zerossl: "https://acme.zerossl.com/v2/DV90",
};

/** A CA as the operator names it. */
export interface AuthorityOptions {
  /** One of {@link knownAuthorities}, or the https address of a directory. */
  readonly ca: string;
  readonly email: string;
  readonly external?: ExternalAccount | undefined;
  /** PEM certificates that this CA's own server may be certified by, besides the public roots. */
  readonly roots?: string | undefined;
}

/** An account as it is kept. */
const AccountRecord = Type.Object({
  directory: Type.String(),
  contact: Type.String(),
  key: Type.String(),
  url: Type.Optional(Type.String()),
  /** The key that replaces the first one: which of the two the CA knows is not known after a crash. */
  nextKey: Type.Optional(Type.String()),
});
type AccountRecord = Static<typeof AccountRecord>;

/** The address of a CA's directory. Throws `acme.ca`. */
export function directoryOf(ca: string): string {
  if (Object.hasOwn(knownAuthorities, ca)) return knownAuthorities[ca] as string;
  const url = URL.parse(ca);
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return url.href;
  throw new WarrenError("acme.ca", `"${ca.slice(0, 200)}" is no CA that is known, and no https address`, {
    hint: `use ${Object.keys(knownAuthorities).join(", ")} or the address of an ACME directory`,
  });
}

/** One CA and the account that this daemon has there, which is made when it is first needed. */
export class Authority {
  readonly directory: string;
  /** As people see it: its name, or its host. */
  readonly label: string;
  readonly #options: AuthorityOptions;
  readonly #files: PrivateFiles;
  readonly #file: string;
  readonly #transport: Transport;
  readonly #signal: AbortSignal;
  #ready: Promise<AcmeClient> | undefined;

  constructor(options: AuthorityOptions, files: PrivateFiles, signal: AbortSignal) {
    this.directory = directoryOf(options.ca);
    const { hostname, host } = new URL(this.directory);
    this.label = Object.hasOwn(knownAuthorities, options.ca) ? options.ca : host;
    this.#options = options;
    this.#files = files;
    const digest = createHash("sha256").update(this.directory).digest("hex").slice(0, 16);
    this.#file = `${isIP(hostname.replace(/[[\]]/g, "")) === 0 ? hostname.slice(0, 100) : "ip"}-${digest}`;
    this.#transport = new Transport(options.roots);
    this.#signal = signal;
  }

  /** A client with an account. Throws AcmeError. */
  async client(): Promise<AcmeClient> {
    this.#ready ??= this.#open();
    try {
      return await this.#ready;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  async #open(): Promise<AcmeClient> {
    const { email, external } = this.#options;
    let record = await this.#read();
    const client = new AcmeClient({
      directory: this.directory,
      transport: this.#transport,
      key: new AccountKey(record.key),
      account: record.url,
      signal: this.#signal,
    });
    if (record.nextKey !== undefined) record = await this.#settle(record, record.nextKey, client);
    if (record.url === undefined) {
      const url = await client.register(email, external);
      await this.#files.write(this.#file, { ...record, contact: email, url });
    } else if (record.contact !== email) {
      await client.changeContact(email);
      await this.#files.write(this.#file, { ...record, contact: email });
    }
    return client;
  }

  /** After a change of keys that was cut off: does the CA know the new one? */
  async #settle(record: AccountRecord, nextKey: string, client: AcmeClient): Promise<AccountRecord> {
    const { nextKey: _, ...rest } = record;
    const found = await client.find(new AccountKey(nextKey));
    const settled = found === undefined ? rest : { ...rest, key: nextKey, url: found };
    await this.#files.write(this.#file, settled);
    return settled;
  }

  /** The account as it is kept; a new one has a key that is kept before the CA hears of it. */
  async #read(): Promise<AccountRecord> {
    const kept = await this.#files.read(this.#file);
    if (kept !== undefined && checkValue(AccountRecord, kept).length === 0) return kept as AccountRecord;
    const record = { directory: this.directory, contact: this.#options.email, key: AccountKey.generate().pem };
    await this.#files.write(this.#file, record);
    return record;
  }

  /** Does something with the account; once more with a new one if the CA says that there is none, as a test CA does when it was started again. */
  async with<T>(work: (client: AcmeClient) => Promise<T>): Promise<T> {
    const client = await this.client();
    try {
      return await work(client);
    } catch (error) {
      if (!(error instanceof AcmeError && error.problem === "accountDoesNotExist")) throw error;
      const { url: _, ...rest } = await this.#read();
      await this.#files.write(this.#file, rest);
      this.#ready = undefined;
      return work(await this.client());
    }
  }

  /** Gives the account a new key. Nothing else may be under way. False when there is no account yet. */
  async changeKey(): Promise<boolean> {
    const kept = await this.#files.read(this.#file);
    if (kept === undefined) return false;
    await this.with(async (client) => {
      const record = await this.#read();
      const next = AccountKey.generate();
      await this.#files.write(this.#file, { ...record, nextKey: next.pem });
      try {
        await client.changeKey(next);
      } catch (error) {
        // The CA may have done it: the next use asks.
        this.#ready = undefined;
        throw error;
      }
      await this.#files.write(this.#file, { ...record, key: next.pem });
    });
    return true;
  }

  close(): void {
    this.#transport.close();
  }
}
