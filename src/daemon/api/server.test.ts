import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { digestOf } from "../../base/digest.ts";
import { WarrenClient } from "../../control/client.ts";
import type { LogLine } from "../../control/service.ts";
import { openTestApi, program, programDigest, spec, type TestApi } from "./api.suite.ts";

async function withProgram(options: Parameters<typeof openTestApi>[0] = {}): Promise<TestApi> {
  const api = await openTestApi(options);
  await api.client.uploadProgram("default", program, programDigest);
  return api;
}

function line(text: string): LogLine {
  return { at: new Date().toISOString(), stream: "stdout", revision: 1, text };
}

describe("services", () => {
  it("are deployed, listed, shown, changed and deleted", async () => {
    await using api = await withProgram();
    const { client } = api;
    const first = await client.putService("default", spec("shop"));
    assert.equal(first.created, true);
    assert.equal(first.etag, '"1-running"');
    assert.equal((await client.putService("default", spec("shop"))).created, false);
    assert.deepEqual(
      (await client.listServices("default")).map(({ name, revision }) => [name, revision]),
      [["shop", 2]],
    );
    assert.equal((await client.stopService("default", "shop")).service.state, "stopped");
    assert.equal((await client.getService("default", "shop")).etag, '"2-stopped"');
    assert.equal((await client.startService("default", "shop")).service.state, "running");
    assert.equal((await client.restartService("default", "shop")).service.state, "running");
    await client.deleteService("default", "shop");
    await assert.rejects(client.getService("default", "shop"), { code: "service.unknown", status: 404 });
    await assert.rejects(client.listServices("nowhere"), { code: "namespace.unknown", status: 404 });
    assert.equal((await client.health()).pid, process.pid);
  });

  it("are guarded by If-Match and If-None-Match", async () => {
    await using api = await withProgram();
    const { client } = api;
    const { etag } = await client.putService("default", spec("shop"), { ifAbsent: true });
    await assert.rejects(client.putService("default", spec("shop"), { ifAbsent: true }), {
      code: "service.changed",
      status: 412,
    });
    const { etag: next } = await client.putService("default", spec("shop"), { ifMatch: etag });
    for (const change of [
      () => client.putService("default", spec("shop"), { ifMatch: etag }),
      () => client.stopService("default", "shop", { ifMatch: etag }),
      () => client.deleteService("default", "shop", { ifMatch: etag }),
      () => client.putService("default", spec("other"), { ifMatch: "*" }),
    ]) {
      await assert.rejects(change(), { code: "service.changed", status: 412 });
    }
    await assert.rejects(client.putService("default", spec("shop"), { ifMatch: "1" }), { code: "request.invalid" });
    await client.deleteService("default", "shop", { ifMatch: `"x", ${next}` });
  });

  it("report why a deploy failed", async () => {
    await using api = await withProgram();
    await assert.rejects(api.client.putService("default", spec("shop", { args: ["--fail"] })), {
      code: "deploy.failed",
      status: 422,
      message: "the guest exited with 1 before it listened",
      hint: "see its log",
    });
  });

  it("hide what the daemon did wrong, and log it", async () => {
    await using api = await withProgram();
    await assert.rejects(api.client.putService("default", spec("shop", { args: ["--break"] })), {
      code: "internal",
      status: 500,
      message: "the daemon failed to answer",
    });
    assert.match(api.logged.join(""), /secret details/);
  });

  it("need a program that is stored", async () => {
    await using api = await openTestApi();
    await assert.rejects(api.client.putService("default", spec("shop")), { code: "blob.unknown", status: 422 });
  });
});

describe("refusals", () => {
  const services = "/v1/namespaces/default/services";
  const refused: [what: string, method: string, path: string, at?: string][] = [
    ["an encoded ..", "GET", `${services}/%2e%2e`, "/params/name"],
    ["a name of dots", "GET", `${services}/..`, "/params/name"],
    ["an encoded slash", "GET", `${services}/a%2fb`, "/params/name"],
    ["a NUL", "GET", `${services}/a%00b`, "/params/name"],
    ["a name of 10 KB", "GET", `${services}/${"a".repeat(10_240)}`, "/params/name"],
    ["upper case", "PUT", `${services}/Shop`],
    ["a namespace of dots", "GET", "/v1/namespaces/%2e%2e/services", "/params/namespace"],
    ["broken percent-encoding", "GET", `${services}/%zz`],
    ["broken UTF-8", "GET", `${services}/%ff`],
    ["a digest that is none", "HEAD", "/v1/namespaces/default/programs/sha256:..%2f..%2fetc"],
    ["a digest in upper case", "PUT", `/v1/namespaces/default/programs/sha256:${"A".repeat(64)}`],
    ["a tail that is no number", "GET", `${services}/a/logs?tail=x`, "/querystring/tail"],
    ["a negative tail", "GET", `${services}/a/logs?tail=-1`, "/querystring/tail"],
    ["a since that is no time", "GET", `${services}/a/logs?since=yesterday`, "/querystring/since"],
    ["an unknown parameter", "GET", `${services}/a/logs?folow`, "/querystring/folow"],
  ];
  it("are problem documents with status 400", async () => {
    await using api = await openTestApi();
    for (const [what, method, path, at] of refused) {
      const answer = await api.raw(method, path, { "content-type": "application/json" }, method === "PUT" ? "{}" : "");
      assert.equal(answer.status, 400, what);
      assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/, what);
      if (method === "HEAD") continue;
      const problem = JSON.parse(answer.text);
      assert.equal(problem.code, "request.invalid", what);
      assert.equal(problem.status, 400, what);
      if (at !== undefined) assert.equal(problem.at, at, what);
    }
  });

  const bodies: [what: string, body: string, code: string, at: string | undefined][] = [
    ["no JSON", "{", "request.invalid", undefined],
    ["no object", "[]", "request.invalid", "/body"],
    ["a poisoned prototype", '{"__proto__":{}}', "request.invalid", undefined],
    ["an unknown key", JSON.stringify({ ...spec("a"), routes: [] }), "request.invalid", "/body/routes"],
    ["another name", JSON.stringify(spec("b")), "request.invalid", "/body/name"],
    [
      "a relative mount",
      JSON.stringify(spec("a", { mount: [{ source: "x", target: "/" }] })),
      "request.invalid",
      "/body/mount/0/source",
    ],
    ["a bad host", JSON.stringify(spec("a", { route: [{ host: "a b" }] })), "service.bad-host", "/body/route/0/host"],
    ["a NUL", JSON.stringify(spec("a", { args: ["x\0"] })), "service.bad-value", "/body/args/0"],
  ];
  it("name the place in a spec", async () => {
    await using api = await openTestApi();
    for (const [what, body, code, at] of bodies) {
      const answer = await api.raw("PUT", `${services}/a`, { "content-type": "application/json" }, body);
      const problem = JSON.parse(answer.text);
      assert.deepEqual([answer.status, problem.code, problem.at], [400, code, at], what);
    }
  });

  it("cover size, media type, routes and broken HTTP", async () => {
    await using api = await openTestApi();
    const large = await api.raw(
      "PUT",
      `${services}/a`,
      { "content-type": "application/json" },
      JSON.stringify("x".repeat(1024 * 1024)),
    );
    assert.deepEqual([large.status, JSON.parse(large.text).code], [413, "request.too-large"]);
    const text = await api.raw("PUT", `${services}/a`, { "content-type": "text/plain" }, "x");
    assert.deepEqual([text.status, JSON.parse(text.text).code], [415, "request.media-type"]);
    const nowhere = await api.raw("GET", "/v1/nothing");
    assert.deepEqual([nowhere.status, JSON.parse(nowhere.text).code], [404, "request.unknown-route"]);
    const huge = await api.raw("GET", "/", { "x-large": "x".repeat(20_000) });
    assert.deepEqual([huge.status, JSON.parse(huge.text).code], [431, "request.invalid"]);
  });

  it("keep foreign Hosts and every Origin out", async () => {
    await using api = await openTestApi();
    for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1", "localhost@evil", "[::1]"]) {
      const answer = await api.raw("GET", "/v1/health", { host });
      assert.deepEqual([answer.status, JSON.parse(answer.text).code], [403, "request.foreign-host"], host);
    }
    for (const origin of ["http://localhost", "null", "https://evil.example"]) {
      const answer = await api.raw("GET", "/v1/health", { origin });
      assert.deepEqual([answer.status, JSON.parse(answer.text).code], [403, "request.foreign-origin"], origin);
    }
    assert.equal((await api.raw("GET", "/v1/health", { host: "localhost:1" })).status, 200);
  });
});

describe("programs", () => {
  it("are uploaded once, from bytes or a file, with progress", async () => {
    await using api = await openTestApi();
    const bytes = randomBytes(1_000_000);
    const path = join(api.folder, "program.wasm");
    await writeFile(path, bytes);
    const digest = digestOf(bytes);
    assert.equal(await api.client.programBytes("default", digest), undefined);
    const seen: [number, number][] = [];
    const onProgress = (sent: number, total: number): void => void seen.push([sent, total]);
    assert.equal(await api.client.uploadProgram("default", path, digest, { onProgress }), true);
    assert.deepEqual(seen.at(-1), [bytes.length, bytes.length]);
    assert.equal(await api.client.programBytes("default", digest), bytes.length);
    assert.equal(await api.client.uploadProgram("default", path, digest, { onProgress: () => assert.fail() }), false);
  });

  it("are refused when they are not what they are called", async () => {
    await using api = await openTestApi();
    await assert.rejects(api.client.uploadProgram("default", Buffer.from("x"), programDigest), {
      code: "blob.digest-mismatch",
    });
    assert.equal(await api.client.programBytes("default", programDigest), undefined);
    assert.deepEqual(await readdir(join(api.folder, "blobs", "tmp")), []);
    await assert.rejects(api.client.uploadProgram("default", "/no/such/file", programDigest), {
      code: "program.not-found",
    });
  });

  it("are refused when they are too large, announced or not", async () => {
    await using api = await openTestApi({ programBytesMax: 100_000 });
    const bytes = randomBytes(2_000_000);
    const path = `/v1/namespaces/default/programs/${digestOf(bytes)}`;
    await assert.rejects(api.client.uploadProgram("default", bytes, digestOf(bytes)), {
      code: "blob.too-large",
      status: 413,
    });
    const headers = { "content-type": "application/octet-stream", "transfer-encoding": "chunked" };
    const chunked = await api.raw("PUT", path, headers, bytes);
    assert.deepEqual([chunked.status, JSON.parse(chunked.text).code], [413, "blob.too-large"]);
    assert.deepEqual(await readdir(join(api.folder, "blobs", "tmp")), []);
  });

  it("leave nothing behind when the client goes away", async () => {
    await using api = await openTestApi();
    const socket = connect(api.socketPath);
    const path = `/v1/namespaces/default/programs/${programDigest}`;
    socket.write(
      `PUT ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\ncontent-length: 8\r\n\r\n\0asm`,
    );
    const temporary = join(api.folder, "blobs", "tmp");
    while ((await readdir(temporary)).length === 0) await api.client.health();
    socket.destroy();
    while ((await readdir(temporary)).length > 0) await api.client.health();
    assert.equal(await api.client.programBytes("default", programDigest), undefined);
  });
});

describe("streams", () => {
  it("give the log, its tail, and what follows", async () => {
    await using api = await withProgram();
    await api.client.putService("default", spec("shop"));
    api.logs.append("default", "shop", ["one", "two", "three"].map(line));
    const all = await Array.fromAsync(api.client.logs("default", "shop"));
    assert.deepEqual(
      all.map(({ text }) => text),
      ["one", "two", "three"],
    );
    const seen: string[] = [];
    for await (const { text } of api.client.logs("default", "shop", { tail: 1, follow: true, since: "1h" })) {
      seen.push(text);
      if (text === "three") api.logs.append("default", "shop", [line("four")]);
      if (text === "four") break;
    }
    assert.deepEqual(seen, ["three", "four"]);
    await assert.rejects(Array.fromAsync(api.client.logs("default", "nothing")), { code: "service.unknown" });
  });

  it("give events, filtered, and end by the signal", async () => {
    await using api = await openTestApi();
    api.events.publish({ type: "worker.started", message: "worker w1 is ready" });
    api.events.publish({ type: "service.deployed", namespace: "default", service: "shop", message: "revision 1" });
    assert.equal((await Array.fromAsync(api.client.events())).length, 2);
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const { type } of api.client.events({ follow: true, namespace: "default", signal: abort.signal })) {
      seen.push(type);
      if (seen.length === 1) api.events.publish({ type: "service.deleted", namespace: "default", message: "gone" });
      else abort.abort();
    }
    assert.deepEqual(seen, ["service.deployed", "service.deleted"]);
  });

  it("wait for a client that reads slowly", async () => {
    await using api = await withProgram();
    await api.client.putService("default", spec("shop"));
    const text = "x".repeat(1000);
    for (let round = 0; round < 20; round++) {
      api.logs.append(
        "default",
        "shop",
        Array.from({ length: 500 }, () => line(text)),
      );
      await api.logs.tail("default", "shop", 0);
    }
    const answer = await new Promise<import("node:http").IncomingMessage>((resolve) => {
      get(
        {
          socketPath: api.socketPath,
          path: "/v1/namespaces/default/services/shop/logs",
          agent: false,
          headers: { host: "localhost" },
        },
        resolve,
      );
    });
    // Not read: the server holds a bounded part and the API goes on answering.
    await api.client.health();
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) bytes += chunk.length;
    assert.ok(bytes > 10_000_000);
  });

  it("end when the server closes, and it closes in bounded time", async () => {
    const api = await withProgram({ closeMsMax: 50 });
    await api.client.putService("default", spec("shop"));
    const following = Array.fromAsync(api.client.logs("default", "shop", { follow: true }));
    const held = Promise.withResolvers<void>();
    api.controller.gate = held.promise;
    const deploying = assert.rejects(api.client.putService("default", spec("slow")), { code: "daemon.disconnected" });
    while (api.logged.length > 0) await api.client.health();
    await api.client.health();
    await api[Symbol.asyncDispose]();
    assert.deepEqual(await following, []);
    await deploying;
    held.resolve();
  });
});

describe("the socket", () => {
  it("is closed to other users", async () => {
    await using api = await openTestApi();
    assert.equal((await stat(api.socketPath)).mode & 0o777, 0o600);
  });

  it("is refused while another daemon answers on it", async () => {
    await using api = await openTestApi();
    const { startApi } = await import("./server.ts");
    await assert.rejects(
      startApi({
        ...(api as never as object),
        log: (await import("pino")).pino({ level: "silent" }),
        socketPath: api.socketPath,
      } as never),
      {
        code: "socket.in-use",
      },
    );
  });

  it("says so when no daemon answers, or may not be asked", async () => {
    const api = await openTestApi();
    const nobody = new WarrenClient(`unix://${join(api.folder, "none.sock")}`);
    await assert.rejects(nobody.health(), { code: "daemon.unreachable", hint: "start it with: warren serve" });
    if (process.geteuid?.() !== 0) {
      await chmod(api.socketPath, 0);
      await assert.rejects(api.client.health(), { code: "daemon.forbidden" });
    }
    await api[Symbol.asyncDispose]();
    await assert.rejects(api.client.health(), { code: "daemon.unreachable" });
  });
});

it("refuses bytes that are not HTTP with a problem document", async () => {
  await using api = await openTestApi();
  const socket = connect(api.socketPath);
  socket.end("HELLO\r\n\r\n");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  const answer = Buffer.concat(chunks).toString();
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(answer, /"code":"request\.invalid"/);
});
