import type { DatabaseSync } from "node:sqlite";
import { assert } from "../base/assert.ts";
import { WarrenError } from "../base/errors.ts";
import { transaction } from "./database.ts";

const domainsMax = 100_000;

export interface DomainRecord {
  readonly domain: string;
  readonly namespace: string;
}

/** Which domains were assigned to which namespaces, and what cookies of routes are made with. */
export class DomainStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** By name. */
  list(): DomainRecord[] {
    const rows = this.#database.prepare("SELECT domain, namespace FROM domains ORDER BY domain").all();
    return rows.map((row) => ({ domain: String(row.domain), namespace: String(row.namespace) }));
  }

  /** False when it was that namespace's already. Throws `domain.taken` and `domain.too-many`. */
  assign(domain: string, namespace: string): boolean {
    return transaction(this.#database, () => {
      const before = this.#database.prepare("SELECT namespace FROM domains WHERE domain = ?").get(domain);
      if (before?.namespace === namespace) return false;
      if (before !== undefined)
        throw new WarrenError("domain.taken", `${domain} is assigned to another namespace`, { status: 409 });
      const count = Number(this.#database.prepare("SELECT count(*) AS count FROM domains").get()?.count);
      if (count >= domainsMax)
        throw new WarrenError("domain.too-many", `there are ${domainsMax} domains already`, { status: 409 });
      this.#database.prepare("INSERT INTO domains (domain, namespace) VALUES (?, ?)").run(domain, namespace);
      return true;
    });
  }

  /** False when it was not that namespace's. */
  remove(domain: string, namespace: string): boolean {
    const statement = this.#database.prepare("DELETE FROM domains WHERE domain = ? AND namespace = ?");
    return transaction(this.#database, () => statement.run(domain, namespace).changes === 1);
  }

  /** Known to this state directory alone. */
  stickySecret(): Uint8Array {
    const row = this.#database.prepare("SELECT value FROM secrets WHERE name = 'sticky'").get();
    assert(row?.value instanceof Uint8Array);
    return row.value;
  }
}
