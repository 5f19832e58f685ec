import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestLog } from "./guest-log.ts";
import { messageLog } from "./message-log.ts";
import type { LogEntry } from "./protocol.ts";

function collecting(): { log: GuestLog; entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const log = new GuestLog((_service, more) => {
    entries.push(...more);
    return true;
  });
  return { log, entries };
}

test("a message is a line with its level and context, and none of its further lines looks like one", () => {
  const { log, entries } = collecting();
  const tell = messageLog(log, { service: "default/shop", revision: 3 });
  tell({ level: "info", context: "", message: "hello\n" });
  tell({ level: "error", context: "the\nerror x:", message: "one\r\ninfo: two\n\nthree" });
  tell({ level: "debug", context: "", message: "x".repeat(20_000) });
  log.flush();
  assert.deepEqual(
    entries.map(({ stream, revision, text }) => `${stream}@${revision} ${text.length > 100 ? text.length : text}`),
    [
      "stderr@3 info: hello",
      "stderr@3 error the error x:: one",
      "stderr@3   info: two",
      "stderr@3   ",
      "stderr@3   three",
      "stderr@3 16384",
      "stderr@3 3623",
    ],
  );
});

test("who logs too much loses messages, and is told how many", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const now = t.mock.method(performance, "now", () => 1000);
  const { log, entries } = collecting();
  const tell = messageLog(log, { service: "default/shop", revision: 1 });
  for (let n = 0; n < 100; n++) tell({ level: "info", context: "", message: "x".repeat(60_000) });
  now.mock.mockImplementation(() => 5000);
  tell({ level: "info", context: "", message: "last" });
  log.flush();
  assert.deepEqual(
    entries.slice(-2).map(({ stream, text }) => `${stream} ${text}`),
    ["stderr info: last", "warren 95 messages before the last were lost: it logs too much"],
  );
});
