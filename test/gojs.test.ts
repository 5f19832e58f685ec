// Go programs that were made for JavaScript hosts, by `warren run`.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { requireToolchain } from "./guests/build.ts";
import { launcher, warren } from "./support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-gojs-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a Go program for GOOS=js", async (t) => {
  if (!(await requireToolchain(t, "go"))) return;
  const program = join(folder, "go-js.wasm");
  execFileSync("go", ["build", "-buildvcs=false", "-o", program, "."], {
    cwd: join(import.meta.dirname, "guests/go-js"),
    env: { ...process.env, GOOS: "js", GOARCH: "wasm", GOTOOLCHAIN: "local" },
  });
  const run = (options: readonly string[], args: readonly string[], input = "") => {
    const { status, stdout, stderr } = spawnSync(launcher, ["run", ...options, program, ...args], {
      input,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  await t.test("reads and writes what it was granted, sees nothing else, and ends with its code", () => {
    const data = join(folder, "data");
    mkdirSync(data);
    const ran = run(["--rw", `${data}:/data`], ["files", "/data"], "input");
    assert.deepEqual(ran, { status: 7, stdout: "d.txt\n", stderr: "" });
    assert.equal(readFileSync(join(data, "a/d.txt"), "utf8"), "input!");
    const refused = run(["--ro", `${data}:/data`], ["files", "/data"], "input");
    assert.equal(refused.status, 1);
    assert.equal(readFileSync(join(data, "a/d.txt"), "utf8"), "input!");
  });

  await t.test("has values, arrays, bytes and functions", () => {
    assert.deepEqual(run([], ["values"]), {
      status: 0,
      stdout: "4 two true <number: 0.5> true\n<number: 42> 1 abc <number: 100> true\n",
      stderr: "",
    });
  });

  await t.test("finds nothing of the host's JavaScript", () => {
    assert.deepEqual(run([], ["escape"]), { status: 0, stdout: "confined\n", stderr: "" });
  });

  await t.test("that waits for what never comes ends with Go's words for it", () => {
    const ran = run([], ["deadlock"]);
    assert.equal(ran.status, 2);
    assert.match(ran.stderr, /all goroutines are asleep - deadlock!/);
  });

  await t.test("draws random numbers as Go before 1.24 does", () => {
    assert.deepEqual(run([], ["random"]), { status: 0, stdout: "true true\n", stderr: "" });
  });

  await t.test("is stopped when its time is over, whether it computes or waits", () => {
    for (const what of ["spin", "sleep"]) {
      const ran = run(["--time", "300ms"], [what]);
      assert.equal(ran.status, 124);
      assert.match(ran.stderr, /ran for longer than 0\.3 s \(--time\) \(limit\.time\)/);
    }
    assert.equal(run(["--time", "1h"], ["values"]).status, 0);
  });

  await t.test("uses no more CPU than --cpu lets it", () => {
    const limits = ["--cpu", "0.1", "--time", "5s"];
    const ran = spawnSync("sh", ["-c", '"$@"; echo $?; times', "sh", launcher, "run", ...limits, program, "spin"], {
      encoding: "utf8",
    });
    const [, status, minutes, seconds] = /^([0-9]+)\n.*\n([0-9]+)m([0-9.]+)s [^\n]*\n$/.exec(ran.stdout) ?? [];
    assert.equal(status, "124");
    // Half a second is the quota's, the rest for starting; without the quota it would be five.
    assert.ok(Number(minutes) * 60 + Number(seconds) < 3, ran.stdout);
    assert.equal(run(["--cpu", "0.5"], ["values"]).status, 0);
  });

  await t.test("is refused flags that would not hold it", () => {
    for (const [flag, option] of [
      ["--net unix:", ["--net", "unix:/run/x.sock"]],
      ["--listen", ["--listen", "8080"]],
    ] as const) {
      const ran = run(option, ["values"]);
      assert.equal(ran.status, 1);
      assert.ok(ran.stderr.includes(`no ${flag} (run.gojs-flag)`), ran.stderr);
    }
  });

  const big = Buffer.alloc(5_000_000, "0123456789");
  const listener: RequestListener = (request, response) => {
    const body: Buffer[] = [];
    request.on("data", (chunk: Buffer) => body.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      if (path === "/never") return;
      if (path === "/again") {
        response.writeHead(302, { location: path }).end();
        return;
      }
      if (path.startsWith("/to")) {
        const to = path.slice(8);
        response.writeHead(Number(path.slice(4, 7)), { location: to.startsWith("http") ? to : `/${to}` }).end();
        return;
      }
      response.setHeader("x-answer", ["a", "b"]);
      if (path === "/big") response.writeHead(200, { "content-length": big.length }).end(big);
      else if (path === "/gzip") response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("plain"));
      else if (path === "/cut")
        response.writeHead(200, { "content-length": 1000 }).write("beginning", () => response.destroy());
      else {
        const { method, headers } = request;
        const framing = headers["transfer-encoding"] ?? headers["content-length"];
        const text = [method, headers["x-asked"], headers.authorization, framing, Buffer.concat(body)].join(" ");
        response.writeHead(201);
        response.write(text.slice(0, 3));
        response.end(text.slice(3));
      }
    });
  };
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const at = `127.0.0.1:${port}`;
  const go = (args: readonly string[], grants: readonly string[] = ["--net", at]) =>
    warren(undefined, ["run", ...grants, program, "fetch", ...args]);
  const digest = (data: string | Uint8Array) => `${data.length} ${createHash("sha256").update(data).digest("hex")}`;

  const told = (method: string, framing: string, body: string, authorization = "secret") =>
    `${method} one, two ${authorization} ${framing} ${body}`;
  const answers: readonly (readonly [name: string, args: string[], head: string, body: string | Buffer])[] = [
    ["an answer in chunks", ["GET", `http://${at}/x`], "201 Created -1 [a b] /x", told("GET", "", "")],
    ["a body", ["POST", `http://${at}/x?y`, "söme"], "201 Created -1 [a b] /x", told("POST", "5", "söme")],
    ["5 MB", ["GET", `http://${at}/big`], "200 OK 5000000 [a b] /big", big],
    ["what is compressed", ["GET", `http://${at}/gzip`], "200 OK -1 [a b] /gzip", "plain"],
    ["no body for HEAD", ["HEAD", `http://${at}/big`], "200 OK 5000000 [a b] /big", ""],
    ["where a GET is sent on to", ["GET", `http://${at}/to/302/x`], "201 Created -1 [a b] /x", told("GET", "", "")],
    [
      "where a POST is sent on to, as a GET",
      ["POST", `http://${at}/to/302/x`, "body"],
      "201 Created -1 [a b] /x",
      told("GET", "", ""),
    ],
    [
      "where a POST is sent on to, as it is",
      ["POST", `http://${at}/to/307/x`, "body"],
      "201 Created -1 [a b] /x",
      told("POST", "4", "body"),
    ],
    [
      "another host, without its secret",
      ["GET", `http://${at}/to/302/http://localhost:${port}/x`],
      "201 Created -1 [a b] /x",
      told("GET", "", "", ""),
    ],
  ];
  for (const [name, args, head, body] of answers)
    await t.test(`fetches by net/http ${name}`, async () => {
      const ended = await go(args);
      assert.equal(ended.stderr, "");
      const beginning = body.slice(0, 100).toString();
      assert.equal(ended.stdout, `${head}\n${beginning}\n${digest(Buffer.from(body))}\n`);
      assert.equal(ended.code, 0);
    });

  const failures: readonly (readonly [name: string, args: string[], grants: string[], words: RegExp])[] = [
    ["without a grant", ["GET", `http://${at}/x`], [], /not granted; add --net 127\.0\.0\.1:\d+/],
    ["with another port granted", ["GET", `http://${at}/x`], ["--net", "127.0.0.1:1"], /not granted; add --net/],
    [
      "a name that is not granted",
      ["GET", "http://warren.example/"],
      ["--net", at],
      /warren\.example: not granted; add --net warren\.example/,
    ],
    [
      "sent on to what is not granted",
      ["GET", `http://${at}/to/302/http://127.0.0.1:1/`],
      ["--net", at],
      /127\.0\.0\.1:1: not granted; add --net 127\.0\.0\.1:1/,
    ],
    ["sent on for ever", ["GET", `http://${at}/again`], ["--net", at], /redirects too often/],
    ["a broken answer", ["GET", `http://${at}/cut`], ["--net", at], /aborted/],
    ["another protocol", ["GET", "ftp://127.0.0.1/"], ["--net", at], /no way to fetch ftp: addresses/],
    ["a method that is for proxies", ["CONNECT", `http://${at}/`], ["--net", at], /the method CONNECT cannot be sent/],
    ["until it gives up", ["ABANDON", `http://${at}/never`], ["--net", at], /deadline exceeded/],
  ];
  for (const [name, args, grants, words] of failures)
    await t.test(`is told why it cannot fetch: ${name}`, async () => {
      const ended = await go(args, grants);
      assert.match(ended.stderr, words);
      assert.equal(ended.code, 1);
    });

  await t.test("fetches over TLS from who proves to be whom it asked", async (t) => {
    const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
    const generate = join(goroot, "src/crypto/tls/generate_cert.go");
    const options = ["--host", "localhost", "--ca", "--ecdsa-curve", "P256"];
    execFileSync("go", ["run", generate, ...options], { cwd: folder, stdio: "pipe" });
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const secure = createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) }, listener);
    secure.listen(0, "127.0.0.1");
    await once(secure, "listening");
    t.after(() => {
      secure.closeAllConnections();
      secure.close();
    });
    const { port } = secure.address() as AddressInfo;
    const get = (host: string, env: NodeJS.ProcessEnv = {}) =>
      warren(undefined, ["run", "--net", `127.0.0.1:${port}`, program, "fetch", "GET", `https://${host}:${port}/big`], {
        env: { ...process.env, ...env },
      });
    const trusted = await get("localhost", { NODE_EXTRA_CA_CERTS: cert });
    assert.equal(trusted.stderr, "");
    assert.ok(trusted.stdout.endsWith(`${digest(big)}\n`));
    assert.match((await get("localhost")).stderr, /self-signed certificate/);
    assert.match((await get("127.0.0.1", { NODE_EXTRA_CA_CERTS: cert })).stderr, /does not match certificate/);
  });
});
