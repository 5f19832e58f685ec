import assert from "node:assert/strict";
import { test } from "node:test";
import type { Route } from "./route.ts";
import { routeNote } from "./route-note.ts";

const cases: readonly (readonly [Route, string])[] = [
  [{ host: "a", path: "/b", port: 80 }, ""],
  [{ path: "/b", strip: true, methods: ["GET", "POST"] }, "GET or POST, without the prefix"],
  [{ headers: { "X-A": "yes", "X-B": "*" } }, "with X-A: yes, with X-B"],
  [{ share: "5%", sticky: true }, "5% of the requests, sticky"],
  [{ redirect: "https://new.example.com" }, "308 to https://new.example.com"],
  [{ redirect: "/new", status: 302 }, "302 to /new"],
  [{ respond: { status: 503 } }, "answers 503"],
  [{ respond: {} }, "answers 200"],
  [{ static: "/public" }, "files"],
];
test("routeNote() tells what a route does besides leading to the program", () => {
  for (const [route, note] of cases) assert.equal(routeNote(route), note, JSON.stringify(route));
});
