/** A chain and its key, PEM, the leaf first. */
export interface KeyPair {
  readonly chain: string;
  readonly key: string;
}

interface Named {
  readonly id: string;
  readonly known: boolean;
}

/** The certificates of a worker by the names they are for. A name costs the same to find among thousands. */
export class ShownCertificates {
  readonly #pairs = new Map<string, KeyPair>();
  readonly #names = new Map<string, Named>();
  #standard = "";

  /** The one for clients that name no host, or one that has none. */
  get standard(): KeyPair | undefined {
    return this.#pairs.get(this.#standard);
  }

  setStandard(id: string): void {
    this.#standard = id;
  }

  /** The same id is the same pair. */
  addPair(id: string, pair: KeyPair): void {
    this.#pairs.set(id, pair);
  }

  dropPair(id: string): void {
    this.#pairs.delete(id);
  }

  setName(name: string, named: Named): void {
    this.#names.set(name, named);
  }

  dropName(name: string): void {
    this.#names.delete(name);
  }

  clear(): void {
    this.#pairs.clear();
    this.#names.clear();
    this.setStandard("");
  }

  /** Whether there is one for this host from an authority that clients know. The host is in lower case, without a port. */
  known(host: string): boolean {
    return this.#find(host)?.known === true;
  }

  /** Whether two hosts are shown the same certificate, so that a client may ask for either on one connection. */
  same(a: string, b: string): boolean {
    const first = this.#find(a);
    return first !== undefined && first.id === this.#find(b)?.id;
  }

  /** Undefined for a host without a certificate. */
  pairFor(host: string): KeyPair | undefined {
    const id = this.#find(host)?.id;
    return id === undefined ? undefined : this.#pairs.get(id);
  }

  #find(host: string): Named | undefined {
    const exact = this.#names.get(host);
    if (exact !== undefined) return exact;
    const dot = host.indexOf(".");
    // RFC 9525 §6.3: the star stands for one label.
    return dot > 0 ? this.#names.get(`*${host.slice(dot)}`) : undefined;
  }
}
