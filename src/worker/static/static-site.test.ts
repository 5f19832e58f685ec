import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { makeTree, type ScratchTree } from "../../wasi/files/scratch-tree.suite.ts";
import { nextChunk, openSite } from "./site.suite.ts";

/** So long ago that a file's tag is strong. */
function age(tree: ScratchTree, name: string, seconds = 1_700_000_000): void {
  utimesSync(tree.path(name), seconds, seconds);
}

test("a file is answered with its type, length and validators", async () => {
  using tree = makeTree({ "a.html": "<p>hello", "b.bin": "\0", empty: "", "c.JS": "1", "d.constructor": "" });
  age(tree, "a.html");
  using site = openSite(tree.root);
  const { status, headers, body } = await site.get("/a.html?v=1");
  assert.equal(status, 200);
  assert.equal(body, "<p>hello");
  assert.deepEqual(headers, {
    etag: '"8-17979cfe362a0000"',
    "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT",
    vary: "Accept-Encoding",
    "x-content-type-options": "nosniff",
    "content-type": "text/html; charset=utf-8",
    "accept-ranges": "bytes",
    "content-length": "8",
  });
  const head = await site.get("/a.html", {}, "HEAD");
  assert.deepEqual([head.status, head.headers, head.body], [200, headers, ""]);
  assert.equal((await site.get("/b.bin")).headers["content-type"], "application/octet-stream");
  assert.equal((await site.get("/c.JS")).headers["content-type"], "text/javascript; charset=utf-8");
  assert.equal((await site.get("/d.constructor")).headers["content-type"], "application/octet-stream");
  const empty = await site.get("/empty");
  assert.deepEqual([empty.status, empty.headers["content-length"], empty.body], [200, "0", ""]);
});

test("a file that was just changed has a weak tag, since it may change again within the clock's tick", async () => {
  using tree = makeTree({ "a.txt": "one" });
  using site = openSite(tree.root);
  const future = Date.now() / 1000 + 3600;
  utimesSync(tree.path("a.txt"), future, future);
  const { headers } = await site.get("/a.txt");
  assert.match(String(headers.etag), /^W\/"/);
  assert.equal((await site.get("/a.txt", { "if-none-match": String(headers.etag) })).status, 304);
  const part = { range: "bytes=0-0", "if-range": String(headers.etag) };
  assert.equal((await site.get("/a.txt", part)).status, 200);
  assert.equal((await site.get("/a.txt", { range: "bytes=0-0" })).status, 206);
});

test("directories: index.html, a redirect to the slash, 404 without an index", async () => {
  using tree = makeTree({ "index.html": "root", "docs/index.html": "docs", "bare/a.txt": "a", "dir.html/x": "x" });
  using site = openSite(tree.root);
  assert.equal((await site.get("/")).body, "root");
  assert.equal((await site.get("/docs/")).body, "docs");
  const moved = await site.get("/docs?q=1");
  assert.deepEqual([moved.status, moved.headers.location], [301, "/docs/?q=1"]);
  for (const path of ["/bare", "/bare/", "/dir.html", "/dir.html/", "/index.html/", "/docs/index.html/", "/nothing/"])
    assert.equal((await site.get(path)).status, 404, path);
  // A name that a browser would take for another host.
  assert.equal((await site.get("//docs")).status, 404);
  using below = openSite(tree.root, {}, "/shop");
  assert.equal((await below.get("/shop/docs/")).body, "docs");
  assert.equal((await below.get("/shop")).headers.location, "/shop/");
});

test("methods other than GET, HEAD and OPTIONS get 405 with Allow", async () => {
  using tree = makeTree({ "a.txt": "a" });
  using site = openSite(tree.root);
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get"]) {
    const { status, headers } = await site.get("/a.txt", {}, method);
    assert.deepEqual([status, headers.allow], [405, "GET, HEAD, OPTIONS"], method);
  }
  const { status, headers } = await site.get("/a.txt", {}, "OPTIONS");
  assert.deepEqual([status, headers.allow], [204, "GET, HEAD, OPTIONS"]);
});

test("ranges: one, several, none, and those of another content", async () => {
  using tree = makeTree({ "a.txt": "0123456789" });
  age(tree, "a.txt");
  using site = openSite(tree.root);
  const { headers: whole } = await site.get("/a.txt");
  const one = await site.get("/a.txt", { range: "bytes=2-4" });
  assert.deepEqual([one.status, one.body], [206, "234"]);
  assert.deepEqual([one.headers["content-range"], one.headers["content-length"]], ["bytes 2-4/10", "3"]);
  assert.equal(one.headers.etag, whole.etag);
  const many = await site.get("/a.txt", { range: "bytes=0-0,-2" });
  assert.equal(many.status, 206);
  const boundary = /^multipart\/byteranges; boundary=([\w-]{24})$/.exec(String(many.headers["content-type"]))?.[1];
  const part = (range: string, bytes: string) =>
    `\r\n--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes ${range}/10\r\n\r\n${bytes}`;
  assert.equal(many.body, `${part("0-0", "0")}${part("8-9", "89")}\r\n--${boundary}--\r\n`);
  assert.equal(many.headers["content-length"], String(many.body.length));
  assert.equal(many.headers["content-range"], undefined);
  const none = await site.get("/a.txt", { range: "bytes=10-" });
  assert.deepEqual([none.status, none.headers["content-range"]], [416, "bytes */10"]);
  for (const range of ["bytes=x", "lines=0-1"]) assert.equal((await site.get("/a.txt", { range })).status, 200, range);
  const conditional = async (ifRange: string) =>
    (await site.get("/a.txt", { range: "bytes=0-0", "if-range": ifRange })).status;
  assert.equal(await conditional(String(whole.etag)), 206);
  assert.equal(await conditional('"another"'), 200);
  assert.equal(await conditional(String(whole["last-modified"])), 206);
  // RFC 9110 §14.2: defined for GET only. §13.2.2: preconditions come first.
  assert.equal((await site.get("/a.txt", { range: "bytes=0-0" }, "HEAD")).status, 200);
  assert.equal((await site.get("/a.txt", { range: "bytes=99-", "if-none-match": String(whole.etag) })).status, 304);
});

test("304 carries what a cache goes by, 412 stands for an If-Match that fails", async () => {
  using tree = makeTree({ "a.txt": "a" });
  age(tree, "a.txt");
  using site = openSite(tree.root, { cacheSeconds: 60 });
  const { headers } = await site.get("/a.txt");
  const fresh = await site.get("/a.txt", { "if-none-match": `"x", ${headers.etag}` });
  assert.deepEqual([fresh.status, fresh.body], [304, ""]);
  const { etag, "last-modified": modified, vary, "cache-control": cache } = headers;
  assert.deepEqual(fresh.headers, { etag, "last-modified": modified, vary, "cache-control": cache });
  assert.equal((await site.get("/a.txt", { "if-match": '"x"' })).status, 412);
  assert.equal((await site.get("/a.txt", { "if-match": String(headers.etag) })).status, 200);
});

test("a compressed copy beside the file goes to those who accept it, unless it is older than the file", async () => {
  using tree = makeTree({
    "a.js": "plain",
    "a.js.br": "br!",
    "a.js.gz": "gzip",
    "b.js": "b",
    "b.js.gz": "old",
    "c.png": "",
  });
  for (const name of ["a.js", "a.js.br", "a.js.gz", "b.js"]) age(tree, name);
  age(tree, "b.js.gz", 1_600_000_000);
  symlinkSync("../secret", tree.path("c.png.gz"));
  using site = openSite(tree.root);
  const asked = async (path: string, accepts: string) => {
    const { headers, body } = await site.get(path, { "accept-encoding": accepts });
    return {
      coding: headers["content-encoding"],
      body,
      vary: headers.vary,
      type: headers["content-type"],
      etag: headers.etag,
    };
  };
  const type = "text/javascript; charset=utf-8";
  const vary = "Accept-Encoding";
  const tag = (size: number, coding: string) => `"${size}-17979cfe362a0000${coding}"`;
  assert.deepEqual(await asked("/a.js", "gzip, br"), { coding: "br", body: "br!", vary, type, etag: tag(3, "-br") });
  assert.deepEqual(await asked("/a.js", "gzip;q=1, br;q=0.9"), {
    coding: "gzip",
    body: "gzip",
    vary,
    type,
    etag: tag(4, "-gzip"),
  });
  assert.deepEqual(await asked("/a.js", "zstd"), { coding: undefined, body: "plain", vary, type, etag: tag(5, "") });
  assert.equal((await asked("/a.js", "")).body, "plain");
  assert.equal((await asked("/b.js", "gzip")).body, "b");
  const { coding, vary: none } = await asked("/c.png", "gzip");
  assert.deepEqual([coding, none], [undefined, undefined]);
  // Ranges are of what is sent.
  const part = await site.get("/a.js", { "accept-encoding": "br", range: "bytes=1-" });
  assert.deepEqual([part.status, part.body, part.headers["content-range"]], [206, "r!", "bytes 1-2/3"]);
  // By its own name it is a file like any other.
  assert.equal((await asked("/a.js.gz", "br")).type, "application/gzip");
});

test("spa: navigations to what is not there get its page, scripts and images a 404", async () => {
  using tree = makeTree({ "index.html": "app", "assets/app.js": "js" });
  using site = openSite(tree.root, { spa: "index.html" });
  const browser = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
  const { status, body, headers } = await site.get("/users/17?tab=2", browser);
  assert.deepEqual([status, body, headers.vary], [200, "app", "Accept, Accept-Encoding"]);
  assert.equal((await site.get("/users/", browser)).body, "app");
  assert.equal((await site.get("/assets", browser)).status, 404);
  for (const [path, accept] of [
    ["/old.js", browser.accept],
    ["/users/17", "*/*"],
    ["/users/17", "application/json"],
    ["/users/17", "text/html;q=0, */*"],
    ["/.env", browser.accept],
    ["/users/../x", browser.accept],
  ] as const) {
    const { status } = await site.get(path, { accept });
    assert.ok(status === 404 || status === 400, `${path} ${accept}: ${status}`);
  }
  assert.equal((await site.get("/users/17", { accept: "*/*" })).headers.vary, "Accept");
  assert.equal((await site.get("/users/17")).status, 404);
});

test("cache: pages always ask again, files beneath the immutable prefix never", async () => {
  using tree = makeTree({ "index.html": "", "a.css": "", "assets/app-1f2e3d.js": "" });
  using site = openSite(tree.root, { cacheSeconds: 3600, immutable: "assets/" });
  const cache = async (path: string) => (await site.get(path)).headers["cache-control"];
  assert.equal(await cache("/"), "no-cache");
  assert.equal(await cache("/a.css"), "max-age=3600");
  assert.equal(await cache("/assets/app-1f2e3d.js"), "max-age=31536000, immutable");
  assert.equal(await cache("/assets/none.js"), undefined);
  using quiet = openSite(tree.root);
  assert.equal((await quiet.get("/a.css")).headers["cache-control"], undefined);
});

test("nothing is served from outside of the directory, and nothing that is no file", async (t) => {
  using outside = makeTree({ secret: "secret", "index.html": "secret" });
  using tree = makeTree({
    "in/a.txt": "a",
    "to-a": { link: "in/a.txt" },
    "to-in": { link: "in" },
    up: { link: ".." },
    "up-and-in": { link: `../${outside.root.split("/").at(-1)}/secret` },
    absolute: { link: outside.path("secret") },
    "absolute-dir": { link: outside.root },
    passwd: { link: "/etc/passwd" },
    proc: { link: "/proc/self/root/etc/passwd" },
    loop: { link: "loop" },
    dangling: { link: "nothing" },
    "in/index.html": { link: outside.path("index.html") },
    "zero.txt": { link: "/dev/zero" },
  });
  execFileSync("mkfifo", [tree.path("fifo"), tree.path("in/fifo.gz")]);
  const server = createServer().listen(tree.path("socket"));
  t.after(() => server.close());
  writeFileSync(tree.path("locked"), "x");
  chmodSync(tree.path("locked"), 0);
  using site = openSite(tree.root);
  assert.equal((await site.get("/to-a")).body, "a");
  assert.equal((await site.get("/to-in/a.txt")).body, "a");
  for (const path of [
    "/up",
    "/up/",
    "/up/etc/passwd",
    "/up-and-in",
    "/absolute",
    "/absolute-dir/secret",
    "/absolute-dir/",
    "/absolute-dir",
    "/passwd",
    "/proc",
    "/loop",
    "/loop/a",
    "/dangling",
    "/in/",
    "/in",
    "/zero.txt",
    "/fifo",
    "/fifo/",
    "/in/fifo.gz",
    "/socket",
    `/${"a/".repeat(2000)}a`,
    `/${"a".repeat(300)}`,
    ...(process.getuid?.() === 0 ? [] : ["/locked"]),
  ])
    assert.equal((await site.get(path)).status, 404, path);
});

test("a file that becomes shorter while it is served breaks the answer off", async () => {
  using tree = makeTree({ "big.bin": "x".repeat(1_000_000) });
  using site = openSite(tree.root);
  const { body } = await site.handle("/big.bin");
  assert.ok(((await nextChunk(body))?.length ?? 0) > 0);
  truncateSync(tree.path("big.bin"), 200_000);
  let bytes = 0;
  for (let chunk = await nextChunk(body); chunk !== undefined; chunk = await nextChunk(body)) bytes += chunk.length;
  assert.ok(bytes < 250_000, `${bytes}`);
  assert.equal(body.failure?.code, "static.truncated");
});

test("a file that is replaced or removed while it is served goes on as it was", async () => {
  using tree = makeTree({ "big.bin": "x".repeat(300_000) });
  using site = openSite(tree.root);
  const { body } = await site.handle("/big.bin");
  unlinkSync(tree.path("big.bin"));
  writeFileSync(tree.path("big.bin"), "new");
  let bytes = 0;
  for (let chunk = await nextChunk(body); chunk !== undefined; chunk = await nextChunk(body)) bytes += chunk.length;
  assert.equal(bytes, 300_000);
  assert.equal(body.failure, undefined);
  assert.equal((await site.get("/big.bin")).body, "new");
});
