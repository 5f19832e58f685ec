import assert from "node:assert/strict";
import { test } from "node:test";
import { Flow } from "../../base/flow.ts";
import type { TargetRequest } from "../../net/target.ts";
import { cgiEnvironment } from "./environment.ts";

function request(change: Partial<TargetRequest>): TargetRequest {
  return {
    method: "GET",
    path: "/app/a%20b?x=1&y",
    mountedAt: "/app",
    host: "shop.example.com:8080",
    scheme: "http",
    headers: [],
    body: new Flow(),
    client: { ip: "203.0.113.9", port: 5000 },
    server: { ip: "192.0.2.1", port: 8080 },
    signal: new AbortController().signal,
    ...change,
  };
}

test("cgiEnvironment() follows the WAGI convention", () => {
  const env = cgiEnvironment(
    request({
      headers: [
        ["content-type", "text/plain"],
        ["content-length", "3"],
        ["accept", "a"],
        ["accept", "b"],
        ["user-agent", "t"],
      ],
    }),
    {},
  );
  const expected = {
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "/app",
    PATH_INFO: "/a b",
    X_RAW_PATH_INFO: "/a%20b",
    QUERY_STRING: "x=1&y",
    SERVER_NAME: "shop.example.com",
    SERVER_PORT: "8080",
    REMOTE_ADDR: "203.0.113.9",
    CONTENT_TYPE: "text/plain",
    CONTENT_LENGTH: "3",
    HTTP_ACCEPT: "a, b",
    HTTP_USER_AGENT: "t",
    GATEWAY_INTERFACE: "CGI/1.1",
    X_FULL_URL: "http://shop.example.com:8080/app/a%20b?x=1&y",
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(env[name], value, name);
});

test("cgiEnvironment() passes neither credentials nor Proxy on, and keeps the manifest's variables", () => {
  const env = cgiEnvironment(
    request({
      headers: [
        ["proxy", "http://evil"],
        ["authorization", "Basic x"],
        ["x-mode", "dev"],
      ],
    }),
    { HTTP_X_MODE: "production" },
  );
  assert.equal(env.HTTP_PROXY, undefined);
  assert.equal(env.HTTP_AUTHORIZATION, undefined);
  assert.equal(env.HTTP_X_MODE, "production");
});

test("cgiEnvironment() survives broken escapes and IPv6 hosts", () => {
  const env = cgiEnvironment(request({ path: "/%zz%00", mountedAt: "", host: "[::1]:81" }), {});
  assert.equal(env.PATH_INFO, "/%zz%00");
  assert.equal(env.SERVER_NAME, "[::1]");
  assert.equal(env.SERVER_PORT, "81");
});
