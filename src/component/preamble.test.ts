import assert from "node:assert/strict";
import { test } from "node:test";
import { isComponent } from "./preamble.ts";

const header = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

test("isComponent() tells components from modules and other files, by the whole preamble", () => {
  assert.ok(isComponent(Uint8Array.from(header)));
  assert.ok(isComponent(Uint8Array.of(...header, 1, 2, 3)));
  assert.ok(!isComponent(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)));
  assert.ok(!isComponent(Uint8Array.from(header.slice(0, 7))));
  assert.ok(!isComponent(new Uint8Array(0)));
});
