import type { HostInterface } from "../../../component/host.ts";
import type { LogEntry, P2Host } from "../host.ts";

/** Of one message, in characters. */
const messageLengthMax = 64 * 1024;
const contextLengthMax = 256;
const stderr = 2;

/** A message that comes faster than they are taken may be lost: the call cannot wait. */
export const logging: HostInterface<P2Host> = {
  name: "wasi:logging/logging",
  version: "0.1.0-draft",
  wit: `
    interface logging {
      enum level {
        trace,
        debug,
        info,
        warn,
        error,
        critical,
      }
      log: func(level: level, context: string, message: string);
    }`,
  blocking: [],
  functions: (host) => ({
    log(level: LogEntry["level"], context: string, message: string): void {
      const entry = { level, context: context.slice(0, contextLengthMax), message: message.slice(0, messageLengthMax) };
      if (host.log === undefined) toStandardError(host, entry);
      else host.log(entry);
    },
  }),
};

function toStandardError({ table }: P2Host, { level, context, message }: LogEntry): void {
  const line = context === "" ? `${level}: ${message}\n` : `${level} ${context}: ${message}\n`;
  table.get(stderr)?.write([Buffer.from(line)]);
}
