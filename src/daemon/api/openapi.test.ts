import assert from "node:assert/strict";
import { it } from "node:test";
import { Value } from "typebox/value";
import { operations } from "../../control/api.ts";
import { HealthView, Problem, ServiceView } from "../../control/service.ts";
import { openTestApi, program, programDigest, spec } from "./api.suite.ts";

interface Operation {
  operationId: string;
  summary: string;
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

it("GET /openapi.json describes every route with its answers", async () => {
  await using api = await openTestApi();
  const answer = await api.raw("GET", "/openapi.json");
  assert.equal(answer.status, 200);
  const document = JSON.parse(answer.text) as Document;
  assert.match(document.openapi, /^3\.1\./);
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routes = Object.values(operations).map(
    ({ method, url }) => `${method} ${url.replaceAll(/:([a-z]+)/g, "{$1}")}`,
  );
  assert.deepEqual(documented.toSorted(), routes.toSorted());
  const ids = new Set<string>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) checkOperation(path, method, operation, ids);
  }
  checkReferences(document);
  const named = ["EventView", "HealthView", "LogLine", "Problem", "ServiceSpec", "ServiceView"];
  for (const name of named) assert.ok(name in document.components.schemas, name);
});

function checkOperation(path: string, method: string, operation: Operation, ids: Set<string>): void {
  const what = `${method} ${path}`;
  assert.ok(operation.summary.length > 0, what);
  assert.ok(!ids.has(operation.operationId), what);
  ids.add(operation.operationId);
  const inPath = operation.parameters?.filter((parameter) => parameter.in === "path") ?? [];
  assert.deepEqual(
    inPath.map(({ name }) => name),
    [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => name),
    what,
  );
  assert.ok(
    Object.keys(operation.responses).some((status) => status.startsWith("2")),
    what,
  );
  for (const [status, { description, content }] of Object.entries(operation.responses)) {
    assert.match(status, /^([1-5][0-9]{2}|[1-5]XX)$/, what);
    assert.ok(description.length > 0, what);
    if (/^[45]/.test(status) && method !== "head") {
      assert.deepEqual(
        content?.["application/problem+json"]?.schema,
        { $ref: "#/components/schemas/Problem" },
        `${what} ${status}`,
      );
    }
  }
}

/** Every reference leads somewhere, and no named schema is just a reference to itself. */
function checkReferences(document: Document): void {
  for (const [, name = ""] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([A-Za-z]+)"/g)) {
    assert.ok(name in document.components.schemas, name);
  }
  for (const [name, schema] of Object.entries(document.components.schemas)) assert.ok("type" in schema, name);
}

it("answers are what their schemas say", async () => {
  await using api = await openTestApi();
  await api.client.uploadProgram("default", program, programDigest);
  await api.client.putService("default", spec("shop", { env: { A: "1" } }));
  const base = "/v1/namespaces/default/services";
  const checked: [string, object][] = [
    ["/v1/health", HealthView],
    [`${base}/shop`, ServiceView],
    [`${base}/nothing`, Problem],
    [`${base}/..`, Problem],
  ];
  for (const [path, schema] of checked) {
    const { text } = await api.raw("GET", path);
    assert.ok(Value.Check(schema, JSON.parse(text)), `${path}: ${text}`);
  }
});
