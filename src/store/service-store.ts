import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assert } from "../base/assert.ts";
import type { Digest } from "../base/digest.ts";
import { WarrenError } from "../base/errors.ts";
import { transaction } from "./database.ts";

const revisionsMaxDefault = 50;
const namespacesMax = 1000;

export type Desired = "running" | "stopped";

/** What was deployed at one time. Never changes; the oldest are dropped past a limit. */
export interface RevisionRecord {
  readonly number: number;
  /** The spec as it was given: JSON text that the store does not look into. */
  readonly spec: string;
  /** Undefined: it needs none. */
  readonly program: Digest | undefined;
  /** Milliseconds since the epoch. */
  readonly deployedAt: number;
}

/** A service with its current revision. */
export interface ServiceRecord {
  readonly namespace: string;
  readonly name: string;
  readonly desired: Desired;
  /** Why its current revision is not started although it should run; undefined: it is. */
  readonly quarantine: string | undefined;
  readonly revision: RevisionRecord;
}

export interface NewRevision {
  readonly namespace: string;
  readonly name: string;
  readonly spec: string;
  readonly program: Digest | undefined;
  readonly deployedAt: number;
}

const columns =
  "s.namespace, s.name, s.desired, s.quarantine, r.number, r.spec, r.program, r.deployed_at AS deployedAt";
const joined = `SELECT ${columns} FROM services s JOIN revisions r ON r.service = s.id AND r.number = s.revision`;

/** Namespaces, services and their revisions. What a method wrote is on the disk when it returns. */
export class ServiceStore {
  readonly #database: DatabaseSync;
  readonly #revisionsMax: number;
  readonly #all: StatementSync;
  readonly #one: StatementSync;

  constructor(database: DatabaseSync, { revisionsMax = revisionsMaxDefault }: { revisionsMax?: number } = {}) {
    assert(revisionsMax >= 1);
    this.#database = database;
    this.#revisionsMax = revisionsMax;
    this.#all = database.prepare(`${joined} WHERE ?1 IS NULL OR s.namespace = ?1 ORDER BY s.namespace, s.name`);
    this.#one = database.prepare(`${joined} WHERE s.namespace = ? AND s.name = ?`);
  }

  namespaces(): string[] {
    const rows = this.#database.prepare("SELECT name FROM namespaces ORDER BY name").all();
    return rows.map((row) => String(row.name));
  }

  /** False when it is there already. Throws `namespace.too-many`. */
  createNamespace(name: string): boolean {
    return transaction(this.#database, () => {
      const known = this.namespaces();
      if (known.includes(name)) return false;
      if (known.length >= namespacesMax)
        throw new WarrenError("namespace.too-many", `there are ${namespacesMax} namespaces already`, { status: 409 });
      return this.#database.prepare("INSERT INTO namespaces (name) VALUES (?)").run(name).changes === 1;
    });
  }

  /** All services, or those of one namespace, by name. */
  list(namespace?: string): ServiceRecord[] {
    return this.#all.all(namespace ?? null).map(serviceRecord);
  }

  get(namespace: string, name: string): ServiceRecord | undefined {
    const row = this.#one.get(namespace, name);
    return row === undefined ? undefined : serviceRecord(row);
  }

  /** The revisions that are kept, newest first. */
  revisions(namespace: string, name: string): RevisionRecord[] {
    return this.#database
      .prepare(
        `SELECT r.number, r.spec, r.program, r.deployed_at AS deployedAt FROM revisions r JOIN services s ON r.service = s.id
         WHERE s.namespace = ? AND s.name = ? ORDER BY r.number DESC`,
      )
      .all(namespace, name)
      .map(revisionRecord);
  }

  /**
   * Adds a revision, makes it the current one and the service wanted running, all or nothing. Throws
   * `namespace.unknown`.
   */
  commitRevision({ namespace, name, spec, program, deployedAt }: NewRevision): ServiceRecord {
    return transaction(this.#database, () => {
      if (this.#database.prepare("SELECT 1 FROM namespaces WHERE name = ?").get(namespace) === undefined) {
        throw new WarrenError("namespace.unknown", `there is no namespace "${namespace}"`, { status: 404 });
      }
      const row = this.#database
        .prepare(
          `INSERT INTO services (namespace, name, desired, revision) VALUES (?, ?, 'running', 1)
           ON CONFLICT (namespace, name) DO UPDATE
           SET desired = 'running', quarantine = NULL, revision = revision + 1 RETURNING id, revision`,
        )
        .get(namespace, name);
      assert(row !== undefined);
      const { id, revision } = row;
      assert(typeof id === "number" && typeof revision === "number");
      this.#database
        .prepare("INSERT INTO revisions (service, number, spec, program, deployed_at) VALUES (?, ?, ?, ?, ?)")
        .run(id, revision, spec, program ?? null, deployedAt);
      this.#database
        .prepare("DELETE FROM revisions WHERE service = ? AND number <= ?")
        .run(id, revision - this.#revisionsMax);
      const record = { number: revision, spec, program, deployedAt };
      return { namespace, name, desired: "running", quarantine: undefined, revision: record };
    });
  }

  /** Its current revision is not to be started, and why. It ends with the next {@link setDesired} or revision. */
  setQuarantine(namespace: string, name: string, reason: string): boolean {
    const statement = this.#database.prepare("UPDATE services SET quarantine = ? WHERE namespace = ? AND name = ?");
    return transaction(this.#database, () => statement.run(reason, namespace, name).changes === 1);
  }

  /** False when there is no such service. */
  setDesired(namespace: string, name: string, desired: Desired): boolean {
    const statement = this.#database.prepare(
      "UPDATE services SET desired = ?, quarantine = NULL WHERE namespace = ? AND name = ?",
    );
    return transaction(this.#database, () => statement.run(desired, namespace, name).changes === 1);
  }

  /** Deletes a service with all its revisions. False when there is none. */
  delete(namespace: string, name: string): boolean {
    const statement = this.#database.prepare("DELETE FROM services WHERE namespace = ? AND name = ?");
    return transaction(this.#database, () => statement.run(namespace, name).changes > 0);
  }

  /** Every program that a kept revision names: what the blob store must not collect. */
  programs(): Set<Digest> {
    const rows = this.#database.prepare("SELECT DISTINCT program FROM revisions WHERE program IS NOT NULL").all();
    return new Set(rows.map((row) => row.program as Digest));
  }
}

type Row = Record<string, unknown>;

function serviceRecord(row: Row): ServiceRecord {
  return {
    namespace: row.namespace as string,
    name: row.name as string,
    desired: row.desired as Desired,
    quarantine: (row.quarantine as string | null) ?? undefined,
    revision: revisionRecord(row),
  };
}

function revisionRecord(row: Row): RevisionRecord {
  return {
    number: row.number as number,
    spec: row.spec as string,
    program: (row.program as Digest | null) ?? undefined,
    deployedAt: row.deployedAt as number,
  };
}
