import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { digestOf } from "../base/digest.ts";
import { WarrenClient } from "./client.ts";

// The contract with a real daemon's API is tested beside its server; here is what answers wrongly, or not at all.

async function withServer(
  listener: RequestListener,
  work: (client: WarrenClient, port: number) => Promise<void>,
): Promise<void> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await work(new WarrenClient(`http://127.0.0.1:${port}`, { token: "secret" }), port);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}

it("sends the token, and encodes names", async () => {
  const seen: unknown[] = [];
  const listener: RequestListener = (request, response) => {
    seen.push([request.url, request.headers.authorization]);
    response.end("[]");
  };
  await withServer(listener, async (client) => {
    assert.deepEqual(await client.listServices("a/../b"), []);
  });
  assert.deepEqual(seen, [["/v1/namespaces/a%2F..%2Fb/services", "Bearer secret"]]);
});

it("makes a WarrenError of a problem document, and of anything else that is not a success", async () => {
  const answers: [status: number, body: string, expected: object][] = [
    [
      412,
      JSON.stringify({ code: "service.changed", detail: "it changed", hint: "look", at: 7 }),
      { code: "service.changed", message: "it changed", hint: "look", at: 7, status: 412 },
    ],
    [502, "<html>nginx</html>", { code: "daemon.bad-answer", status: 502 }],
    [500, '{"code":5}', { code: "daemon.bad-answer", status: 500 }],
    [302, "", { code: "daemon.bad-answer", status: 302 }],
  ];
  for (const [status, body, expected] of answers) {
    const listener: RequestListener = (_request, response) => void response.writeHead(status).end(body);
    await withServer(listener, async (client) => {
      await assert.rejects(client.health(), expected);
    });
  }
});

it("asks again where the daemon closes a connection that it had used before", async () => {
  const asked = new Map<unknown, number>();
  let connections = 0;
  const listener: RequestListener = ({ socket }, response) => {
    const count = (asked.get(socket) ?? 0) + 1;
    asked.set(socket, count);
    if (count === 1) connections++;
    if (count === 2) socket.resetAndDestroy();
    else response.end("[]");
  };
  await withServer(listener, async (client) => {
    for (let round = 0; round < 3; round++) assert.deepEqual(await client.listServices("a"), []);
  });
  assert.equal(connections, 3);
});

it("says that the daemon went away in the middle of an answer", async () => {
  const listener: RequestListener = (_request, response) => {
    response.writeHead(200);
    response.write('{"id":1}\n{"id":', () => response.destroy());
  };
  await withServer(listener, async (client) => {
    const seen: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const { id } of client.events({ follow: true })) seen.push(id);
    };
    await assert.rejects(reading(), { code: "daemon.disconnected" });
    assert.deepEqual(seen, [1]);
    await assert.rejects(client.health(), { code: "daemon.disconnected" });
  });
});

it("joins lines and characters that come in pieces", async () => {
  const bytes = Buffer.from('{"text":"ü€😀"}\n\n{"text":"two"}\n');
  const listener: RequestListener = async (_request, response) => {
    for (const byte of bytes) {
      response.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    response.end();
  };
  await withServer(listener, async (client) => {
    const texts = (await Array.fromAsync(client.logs("default", "shop"))).map(({ text }) => text);
    assert.deepEqual(texts, ["ü€😀", "two"]);
  });
});

it("says that an answer is no daemon's", async () => {
  await withServer(
    (_request, response) => void response.end("<html>"),
    async (client) => {
      await assert.rejects(client.health(), { code: "daemon.bad-answer" });
      await assert.rejects(Array.fromAsync(client.events()), { code: "daemon.bad-answer" });
    },
  );
  await withServer(
    (_request, response) => void response.end("<html>\n"),
    async (client) => {
      await assert.rejects(Array.fromAsync(client.events()), { code: "daemon.bad-answer" });
    },
  );
});

it("says that nobody listens", async () => {
  let port = 0;
  await withServer(
    () => {},
    async (_client, used) => {
      port = used;
    },
  );
  await assert.rejects(new WarrenClient(`http://127.0.0.1:${port}`).health(), {
    code: "daemon.unreachable",
    message: `no daemon answers at http://127.0.0.1:${port}: ECONNREFUSED`,
    hint: "start it with: warren serve",
  });
});

it("an aborted upload and an early refusal end the sending", async () => {
  const bytes = Buffer.alloc(20_000_000);
  const refuse: RequestListener = (request, response) => {
    const body = JSON.stringify({ code: "blob.too-large", detail: "too large" });
    response.writeHead(request.method === "HEAD" ? 404 : 413).end(request.method === "HEAD" ? "" : body);
  };
  await withServer(refuse, async (client) => {
    let sent = 0;
    const onProgress = (done: number): void => {
      sent = done;
    };
    await assert.rejects(client.uploadProgram("default", bytes, digestOf(bytes), { onProgress }), {
      code: "blob.too-large",
    });
    assert.ok(sent < bytes.length);
  });
  const stall: RequestListener = (request, response) => {
    if (request.method === "HEAD") response.writeHead(404).end();
  };
  await withServer(stall, async (client) => {
    const abort = new AbortController();
    const onProgress = (): void => abort.abort();
    const uploading = client.uploadProgram("default", bytes, digestOf(bytes), { onProgress, signal: abort.signal });
    await assert.rejects(uploading, { name: "AbortError" });
  });
});
