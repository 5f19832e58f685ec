import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assert } from "../base/assert.ts";
import { systemCode, WarrenError } from "../base/errors.ts";

const busyMsMax = 5000;
// SQLite result codes (sqlite.org/rescode.html); the low byte of an extended code is the primary one.
const sqliteCorrupt = 11;
const sqliteFull = 13;
const sqliteNotADatabase = 26;

interface Migration {
  readonly version: number;
  readonly sql: string;
}

/**
 * Opens the database and brings its schema up to date. A commit is on the disk when it returns: WAL with
 * synchronous=FULL (sqlite.org/pragma.html#pragma_synchronous). `schema`: the folder of its migrations, beside this file. Throws
 * `state.corrupt` and `state.newer`.
 */
export function openDatabase(path: string, schema: "migrations" | "key-value-migrations" = "migrations"): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: busyMsMax, enableForeignKeyConstraints: true });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    const [verdict] = database.prepare("PRAGMA quick_check(1)").all();
    if (verdict?.quick_check !== "ok") throw corrupt(path, String(verdict?.quick_check));
    migrate(database, path, migrations(schema));
    return database;
  } catch (error) {
    database?.close();
    throw databaseError(error, path);
  }
}

/** Runs `work` in a transaction that takes the write lock at once. `work` must be synchronous. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // A failed commit may have rolled back already (disk full does).
    if (database.isTransaction) database.exec("ROLLBACK");
    throw databaseError(error, database.location() ?? "");
  }
}

/** The migrations of this release, in order; file names are `NNNN-what.sql` without gaps. */
function migrations(schema: string): Migration[] {
  const folder = join(import.meta.dirname, schema);
  return globSync("*.sql", { cwd: folder })
    .sort()
    .map((name, index) => {
      const version = Number.parseInt(name, 10);
      assert(version === index + 1, `migration ${name} is out of order`);
      return { version, sql: readFileSync(join(folder, name), "utf8") };
    });
}

/** Exported for its test. */
export function migrate(database: DatabaseSync, path: string, steps: readonly Migration[]): void {
  const current = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  if (current > steps.length) {
    throw new WarrenError(
      "state.newer",
      `${path} was written by a newer warren (schema ${current}, this one knows ${steps.length})`,
      {
        hint: "run that version, or choose another state directory with --state DIR",
      },
    );
  }
  for (const { version, sql } of steps.slice(current)) {
    transaction(database, () => {
      database.exec(sql);
      database.exec(`PRAGMA user_version = ${version}`);
    });
  }
}

function corrupt(path: string, why: string, cause?: unknown): WarrenError {
  return new WarrenError("state.corrupt", `the database ${path} is damaged: ${why}`, {
    status: 500,
    hint: "stop warren and restore the state directory from a backup, or move it away to begin anew and deploy again",
    cause,
  });
}

function databaseError(error: unknown, path: string): unknown {
  if (error instanceof WarrenError) return error;
  const number =
    error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : 0;
  const why = error instanceof Error ? error.message : String(error);
  if (number === sqliteCorrupt || number === sqliteNotADatabase) return corrupt(path, why, error);
  if (number === sqliteFull) {
    return new WarrenError("state.disk-full", `cannot write ${path}: the disk is full`, {
      status: 507,
      hint: "free some space and try again; nothing was changed",
      cause: error,
    });
  }
  if (systemCode(error) === "ERR_SQLITE_ERROR") {
    return new WarrenError("state.database", `cannot use the database ${path}: ${why}`, { status: 500, cause: error });
  }
  return error;
}
