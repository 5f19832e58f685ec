import assert from "node:assert/strict";
import { test } from "node:test";
import { kindBytesMax, kindSection, preparedKind } from "./prepared-kind.ts";

const moduleHead = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
const componentHead = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);

test("preparedKind() finds what kindSection() wrote last", () => {
  for (const kind of ["command", "handler"] as const) {
    // What a program's own last section says counts for nothing.
    const bytes = Buffer.concat([componentHead, kindSection("handler"), kindSection(kind)]);
    assert.equal(preparedKind(bytes.subarray(0, 8), bytes.subarray(-kindBytesMax)), kind);
  }
});

test("preparedKind() takes a core module for nothing else, whatever it ends with", () => {
  const bytes = Buffer.concat([moduleHead, kindSection("handler")]);
  assert.equal(preparedKind(bytes.subarray(0, 8), bytes.subarray(-kindBytesMax)), "module");
});
