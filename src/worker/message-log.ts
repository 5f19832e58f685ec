import type { LogEntry } from "../wasi/p2/host.ts";
import type { GuestLog } from "./guest-log.ts";
import type { InstanceSpec } from "./protocol.ts";

/** Where the instances of a revision log by `wasi:logging`: the service's log, with level and context before the message. */
export function messageLog(
  log: Pick<GuestLog, "add" | "message">,
  { service, revision }: Pick<InstanceSpec, "service" | "revision">,
): (entry: LogEntry) => void {
  let lost = 0;
  return ({ level, context, message }) => {
    const from = context === "" ? "" : ` ${context.replace(/\s+/g, " ")}`;
    // Further lines are set in: none of them looks like another message.
    const text = `${level}${from}: ${message.trimEnd().replace(/\r?\n/g, "\n  ")}`;
    if (!log.message(service, revision, text)) {
      lost++;
      return;
    }
    if (lost > 0) log.add(service, revision, "warren", `${lost} messages before the last were lost: it logs too much`);
    lost = 0;
  };
}
