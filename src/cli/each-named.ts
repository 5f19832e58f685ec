import { errorRecord, WarrenError } from "../base/errors.ts";
import type { Tagged, WarrenClient } from "../control/client.ts";
import { connect } from "./connect.ts";
import { type ClientOptions, printJson } from "./options.ts";
import { reportError } from "./report.ts";

/** Does one thing to several services or volumes, one after the other. A failure does not keep the rest back; it makes the exit code 1. */
export async function eachNamed(
  names: readonly string[],
  options: ClientOptions,
  order: (client: WarrenClient, name: string) => Promise<Tagged | undefined>,
): Promise<void> {
  const client = connect(options);
  const results: object[] = [];
  for (const name of new Set(names)) {
    try {
      const result = await order(client, name);
      results.push({ name, ok: true, ...(result === undefined ? {} : { service: result.service }) });
      if (!options.json) process.stdout.write(`${name}\n`);
    } catch (error) {
      // What ails the daemon is no matter of one of them.
      if (error instanceof WarrenError && error.code.startsWith("daemon.")) throw error;
      process.exitCode = 1;
      const { status: _, ...record } = errorRecord(error);
      results.push({ name, ok: false, error: record });
      if (!options.json) reportError(error, { json: false });
    }
  }
  if (options.json) printJson(results);
}
