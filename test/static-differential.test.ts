import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findExecutable } from "../bench/support/executable.ts";
import { startNginxStatic } from "../bench/support/nginx-static.ts";
import { TestDaemon } from "./support/daemon.ts";
import { type Answer, ask } from "./support/http.ts";

// The same directory behind Warren and nginx: conditions, ranges and paths get the same answers, but for what is listed.

const host = "site.localhost";
const file = "/a.txt";
const earlier = "Tue, 14 Nov 2023 22:13:19 GMT";
const later = "Tue, 14 Nov 2023 22:13:21 GMT";

interface Row {
  readonly method?: string;
  readonly path?: string;
  /** `{etag}` and `{modified}` stand for what each server said of the file before. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where they differ: our status, nginx's, and why ours is right. */
  readonly differs?: readonly [ours: number, nginx: number, why: string];
}

const ranges = [
  "bytes=0-0",
  "bytes=0-",
  "bytes=5-7",
  "bytes=-3",
  "bytes=-100",
  "bytes=9-100",
  "bytes=0-0,2-3",
  "bytes=0-0, -1",
  "bytes=10-",
  "bytes=10-20",
  "bytes=0-9",
];
const conditions: readonly Readonly<Record<string, string>>[] = [
  { "if-none-match": "{etag}" },
  { "if-none-match": "W/{etag}" },
  { "if-none-match": '"x", {etag}' },
  { "if-none-match": '"x"' },
  { "if-none-match": "*" },
  { "if-modified-since": "{modified}" },
  { "if-modified-since": earlier },
  { "if-modified-since": "nonsense" },
  { "if-none-match": '"x"', "if-modified-since": "{modified}" },
  { "if-match": "{etag}" },
  { "if-match": '"x"' },
  { "if-match": "*" },
  { "if-unmodified-since": "{modified}" },
  { "if-unmodified-since": earlier },
  { "if-unmodified-since": later },
  { "if-match": '"x"', "if-none-match": "{etag}" },
];
const rows: readonly Row[] = [
  {},
  ...ranges.map((range) => ({ headers: { range } })),
  ...conditions.flatMap((headers) => [{ headers }, { headers, method: "HEAD" }]),
  ...["{etag}", '"x"', "W/{etag}", "{modified}", earlier].map((ifRange) => ({
    headers: { range: "bytes=1-2", "if-range": ifRange },
  })),
  { headers: { range: "bytes=1-2", "if-none-match": "{etag}" } },
  { headers: { range: "bytes=1-2", "if-match": '"x"' } },
  { headers: { "if-modified-since": later }, differs: [304, 200, "RFC 9110 §13.1.3: not modified since then"] },
  { headers: { range: "bytes=x" }, differs: [200, 416, "RFC 9110 §14.2: what is no range is ignored"] },
  { headers: { range: "bytes=7-5" }, differs: [200, 416, "the same"] },
  { headers: { range: "bytes=-0" } },
  { headers: { range: "lines=0-1" } },
  { method: "HEAD", headers: { range: "bytes=0-0" }, differs: [200, 206, "RFC 9110 §14.2: a range is of GET only"] },
  { method: "HEAD" },
  { method: "POST" },
  { path: "/" },
  { path: "/docs" },
  { path: "/docs/" },
  { path: "/none" },
  { path: "/none/" },
  { path: "/empty/", differs: [404, 403, "there is nothing to be forbidden"] },
  { path: "/a%2Etxt" },
  { path: "/%61.txt?x=%00" },
  { path: "/a.txt/" },
  { path: "/docs/../a.txt", differs: [400, 200, "refused, since clients resolve dot segments themselves"] },
  { path: "//a.txt", differs: [404, 200, "no empty segments: they look like a host in a redirect"] },
  { path: "/.secret", differs: [404, 200, "names that begin with a dot are not served"] },
  { path: "/docs%2findex.html", differs: [400, 200, "an encoded slash is no slash"] },
  { path: "/%" },
  { path: "/a%00.txt" },
];

test("conditions, ranges and paths are answered as nginx answers them, but for what is listed", async (t) => {
  const nginx = findExecutable("nginx");
  if (nginx === undefined) {
    assert.notEqual(process.env.WARREN_TOOLCHAINS, "required", "nginx is not installed");
    t.skip("nginx is not installed (apt-get install nginx)");
    return;
  }
  const root = mkdtempSync(join(tmpdir(), "warren-differential-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  for (const folder of ["docs", "empty"]) mkdirSync(join(root, folder));
  for (const [name, content] of [
    ["index.html", "index"],
    ["docs/index.html", "docs"],
    ["a.txt", "0123456789"],
    [".secret", "secret"],
  ] as const) {
    writeFileSync(join(root, name), content);
    utimesSync(join(root, name), 1_700_000_000, 1_700_000_000);
  }
  const peer = await startNginxStatic(t, nginx, { root, host });
  const daemon = await TestDaemon.start(t, { workers: 1 });
  await daemon.client.putService("default", { name: "site", route: [{ host, static: root }] });

  const [ours, theirs] = [await ask(daemon.port, host, file), await ask(peer.port, host, file)];
  for (const { path = file, method = "GET", headers = {}, differs } of rows) {
    const to = (port: number, { headers: known }: Answer): Promise<Answer> => {
      const fill = (text: string) =>
        text.replace("{etag}", String(known.etag)).replace("{modified}", String(known["last-modified"]));
      const fields = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)]));
      return ask(port, host, path, { method, headers: fields });
    };
    const [our, their] = [await to(daemon.port, ours), await to(peer.port, theirs)];
    const what = `${method} ${path} ${JSON.stringify(headers)}`;
    if (differs !== undefined) {
      assert.deepEqual([our.status, their.status], differs.slice(0, 2), what);
      continue;
    }
    assert.equal(our.status, their.status, what);
    if (our.status >= 300) {
      assert.equal(our.headers["content-range"], their.headers["content-range"], what);
      continue;
    }
    for (const name of ["content-range", "last-modified"] as const)
      assert.equal(our.headers[name], their.headers[name], `${what}: ${name}`);
    if (String(our.headers["content-type"]).startsWith("multipart/")) {
      assert.match(String(their.headers["content-type"]), /^multipart\/byteranges; boundary=/, what);
      assert.deepEqual(partsOf(our.text), partsOf(their.text), what);
    } else {
      assert.equal(our.text, their.text, what);
      assert.equal(our.headers["content-length"], their.headers["content-length"], what);
    }
  }
});

/** Of a multipart body, the range and the content of each part. */
function partsOf(text: string): string[] {
  return [...text.matchAll(/Content-Range: (.*)\r\n(?:.+\r\n)*\r\n(.*)\r\n/g)].map(
    ([, range, content]) => `${range}: ${content}`,
  );
}
