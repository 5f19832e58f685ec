// h2spec, the conformance suite for servers of HTTP/2, against the daemon.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { requireToolchain } from "../guests/build.ts";
import { TestDaemon } from "../support/daemon.ts";

const run = promisify(execFile);

/** How long it waits for something to happen, seconds: each of the cases in which nothing does costs as much. */
const timeout = "2";

const ignored =
  "frames of closed streams are ignored (RFC 9113 §5.1 lets an endpoint), since a reset may be on the way";
const priorities = "priorities are not looked at any more (RFC 9113 §5.3.2)";

/** What fails, and why that is right. A case that passes must not be here. */
const expected = new Map([
  ["http2/3.5: Sends invalid connection preface", "the listener speaks HTTP/1.1 too, and answers 400 in that"],
  ["http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame", ignored],
  ["http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame", ignored],
  ["http2/5.1: closed: Sends a DATA frame", ignored],
  ["http2/5.1: closed: Sends a HEADERS frame", ignored],
  ["http2/5.1.1: Sends stream identifier that is numerically smaller than previous", ignored],
  ["http2/5.3.1: Sends PRIORITY frame that depend on itself", priorities],
  ["http2/6.3: Sends a PRIORITY frame with 0x0 stream identifier", priorities],
  ["http2/6.7: Sends a PING frame with ACK", "an answer to a ping that nobody sent ends the connection"],
  [
    "http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream",
    "the connection ends, not the stream alone",
  ],
]);

test("h2spec finds the front right, but for what is listed", async (t) => {
  if (!(await requireToolchain(t, "go")) || !(await requireToolchain(t, "c"))) return;
  const folder = mkdtempSync(join(tmpdir(), "warren-h2spec-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tool = join(folder, "h2spec");
  await run("go", ["build", "-mod=readonly", "-o", tool, "github.com/summerwind/h2spec/cmd/h2spec"], {
    cwd: join(import.meta.dirname, "h2spec"),
    env: { ...process.env, CGO_ENABLED: "0" },
  });
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.deploy("hello", "c-hello", { route: [{}] });
  const report = join(folder, "report.xml");
  const args = ["-h", "127.0.0.1", "-p", String(daemon.port), "-o", timeout, "-j", report];
  // It exits with 1 for any case that fails.
  await run(tool, args, { maxBuffer: 2 ** 24 }).catch(() => {});
  const cases = [...readFileSync(report, "latin1").matchAll(caseElement)].map((found) => ({
    name: `${found[1]}: ${found[2]?.replaceAll("&#39;", "'").replaceAll("&#34;", '"')}`,
    failed: /<(failure|error)/.test(found[3] ?? ""),
  }));
  assert.equal(cases.length, 145);
  const failed = cases.filter((one) => one.failed).map(({ name }) => name);
  assert.deepEqual(new Set(failed), new Set(expected.keys()));
});

const caseElement = /<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs;
