import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { makePair } from "../../../test/support/certificates.ts";
import { AcmeClient } from "./acme-client.ts";
import { AcmeError } from "./acme-error.ts";
import { issue } from "./issue.ts";
import { AccountKey } from "./jws.ts";
import { Transport } from "./transport.ts";

type Answers = (request: IncomingMessage, response: ServerResponse, origin: string) => void;

const never = new AbortController().signal;

/** A CA that answers as it likes, and its client. */
async function hostile(t: TestContext, answers: Answers, exchangeMsMax?: number): Promise<AcmeClient> {
  const { chain: cert, key } = makePair(["localhost"]);
  const server = createServer({ cert, key }, (request, response) => {
    request.resume();
    answers(request, response, origin);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  const transport = new Transport(cert, exchangeMsMax === undefined ? {} : { exchangeMsMax });
  t.after(() => {
    transport.close();
    server.closeAllConnections();
    server.close();
  });
  return new AcmeClient({ directory: `${origin}/dir`, transport, key: AccountKey.generate(), signal: never });
}

function json(response: ServerResponse, value: unknown, status = 200, type = "application/json"): void {
  response.writeHead(status, { "content-type": type, "replay-nonce": "abc", location: "https://localhost/1" });
  response.end(typeof value === "string" ? value : JSON.stringify(value));
}

function directory(origin: string): Record<string, unknown> {
  const names = ["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo"];
  return Object.fromEntries(names.map((name) => [name, `${origin}/${name}`]));
}

const directories: readonly { readonly name: string; readonly answers: Answers; readonly code: string }[] = [
  {
    name: "a body without an end",
    answers: (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536))) {}
      };
      response.on("drain", more);
      more();
    },
    code: "acme.answer",
  },
  { name: "an answer that never comes", answers: () => {}, code: "acme.unreachable" },
  {
    name: "a byte now and then",
    answers: (_, response) => {
      const drip = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(drip));
    },
    code: "acme.unreachable",
  },
  { name: "no JSON", answers: (_, response) => json(response, "<html>"), code: "acme.answer" },
  { name: "a list", answers: (_, response) => json(response, []), code: "acme.answer" },
  { name: "null", answers: (_, response) => json(response, "null"), code: "acme.answer" },
  { name: "nested lists", answers: (_, response) => json(response, "[".repeat(200_000)), code: "acme.answer" },
  {
    name: "addresses without TLS",
    answers: (_, response, origin) => json(response, { ...directory(origin), newOrder: "http://169.254.169.254/" }),
    code: "acme.answer",
  },
  {
    name: "numbers for addresses",
    answers: (_, response, origin) => json(response, { ...directory(origin), newNonce: 5 }),
    code: "acme.answer",
  },
  {
    name: "a redirect",
    answers: (_, response) => response.writeHead(302, { location: "https://localhost/" }).end(),
    code: "acme.answer",
  },
  { name: "an error page", answers: (_, response) => json(response, "no", 500, "text/html"), code: "acme.answer" },
  {
    name: "a problem of wrong types",
    answers: (_, response) => json(response, { type: 7, detail: {} }, 400, "application/problem+json"),
    code: "acme.answer",
  },
  { name: "a broken answer", answers: (_, response) => response.socket?.destroy(), code: "acme.unreachable" },
  {
    name: "a header that is too large",
    answers: (_, response) => response.writeHead(200, { "x-much": "x".repeat(60_000) }).end(),
    code: "acme.unreachable",
  },
];

for (const { name, answers, code } of directories) {
  test(`AcmeClient ends with an error when a CA sends ${name}`, async (t) => {
    const client = await hostile(t, answers, name.includes("never") || name.includes("now") ? 300 : undefined);
    await assert.rejects(client.directory(), (error) => error instanceof AcmeError && error.code === code);
  });
}

test("AcmeClient gives up on a CA that refuses every nonce", async (t) => {
  let posts = 0;
  const client = await hostile(t, ({ method, url }, response, origin) => {
    if (url === "/dir") return json(response, directory(origin));
    if (method === "POST") posts++;
    json(
      response,
      { type: "urn:ietf:params:acme:error:badNonce" },
      method === "POST" ? 400 : 200,
      "application/problem+json",
    );
  });
  await assert.rejects(client.register("a@b.c", undefined), { problem: "badNonce" });
  assert.equal(posts, 10);
});

test("what a CA says stands in an error as one short line", async (t) => {
  const detail = `\u001b[31mred\n\u202eturned ${"x".repeat(5000)}`;
  const client = await hostile(t, ({ url, method }, response, origin) => {
    if (url === "/dir" || method === "HEAD") return json(response, directory(origin));
    json(response, { type: "urn:ietf:params:acme:error:rateLimited", detail }, 429, "application/problem+json");
  });
  await assert.rejects(client.register("a@b.c", undefined), (error) => {
    assert.ok(error instanceof AcmeError);
    assert.equal(error.code, "acme.rate-limited");
    assert.ok(error.message.length < 500);
    assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}]/u);
    return true;
  });
});

const orders: readonly { readonly name: string; readonly answers: Answers; readonly code: string }[] = [
  {
    name: "asks for a proof of another name",
    answers: ({ url }, response, origin) => {
      if (url === "/newOrder")
        return json(response, { status: "pending", authorizations: [`${origin}/a`], finalize: `${origin}/f` }, 201);
      json(response, { identifier: { type: "dns", value: "bank.test" }, status: "pending", challenges: [] });
    },
    code: "acme.answer",
  },
  {
    name: "offers a token that leads elsewhere",
    answers: ({ url }, response, origin) => {
      if (url === "/newOrder")
        return json(response, { status: "pending", authorizations: [`${origin}/a`], finalize: `${origin}/f` }, 201);
      const challenge = { type: "http-01", url: `${origin}/c`, token: "../../v1" };
      json(response, { identifier: { type: "dns", value: "shop.test" }, status: "pending", challenges: [challenge] });
    },
    code: "acme.answer",
  },
  {
    name: "names ten thousand proofs",
    answers: (_, response, origin) =>
      json(
        response,
        {
          status: "pending",
          authorizations: Array.from({ length: 10_000 }, () => `${origin}/a`),
          finalize: `${origin}/f`,
        },
        201,
      ),
    code: "acme.answer",
  },
  {
    name: "issues a certificate of another name",
    answers: ({ url }, response, origin) => {
      if (url === "/cert") return json(response, makePair(["bank.test", "shop.test"]).chain);
      json(
        response,
        { status: "valid", authorizations: [], finalize: `${origin}/f`, certificate: `${origin}/cert` },
        201,
      );
    },
    code: "acme.answer",
  },
  {
    name: "issues a certificate of another key",
    answers: ({ url }, response, origin) => {
      if (url === "/cert") return json(response, makePair(["shop.test"]).chain);
      json(
        response,
        { status: "valid", authorizations: [], finalize: `${origin}/f`, certificate: `${origin}/cert` },
        201,
      );
    },
    code: "acme.answer",
  },
  {
    name: "issues something that is no certificate",
    answers: ({ url }, response, origin) => {
      if (url === "/cert") return json(response, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
      json(
        response,
        { status: "valid", authorizations: [], finalize: `${origin}/f`, certificate: `${origin}/cert` },
        201,
      );
    },
    code: "acme.answer",
  },
  {
    name: "finishes no order",
    answers: (_, response, origin) =>
      json(response, { status: "invalid", authorizations: [], finalize: `${origin}/f` }, 201),
    code: "acme.refused",
  },
];

for (const { name, answers, code } of orders) {
  test(`issue() believes no CA that ${name}`, async (t) => {
    const client = await hostile(t, (request, response, origin) => {
      if (request.url === "/dir") return json(response, directory(origin));
      if (request.url === "/newNonce" || request.url === "/newAccount") return json(response, { status: "valid" }, 201);
      answers(request, response, origin);
    });
    await client.register("a@b.c", undefined);
    const set: string[] = [];
    const keep = async (text: string): Promise<void> => void set.push(text);
    const drop = async (text: string): Promise<void> => void set.splice(set.indexOf(text), 1);
    const given = {
      setHttpChallenge: keep,
      removeHttpChallenge: drop,
      setAlpnChallenge: keep,
      removeAlpnChallenge: drop,
    };
    const order = issue({
      client,
      ca: "test",
      host: "shop.test",
      challenges: ["http-01"],
      answers: given,
      signal: never,
    });
    await assert.rejects(order, (error) => error instanceof AcmeError && error.code === code);
    assert.deepEqual(set, []);
  });
}

test("a CA where nobody listens is told of with the reason", async (t) => {
  const transport = new Transport(undefined);
  t.after(() => transport.close());
  // Both addresses of the name are tried.
  const asked = transport.send("GET", "https://localhost:1/dir", undefined, never);
  await assert.rejects(asked, { code: "acme.unreachable", message: /localhost:1 could not be asked: .*ECONNREFUSED/ });
});
