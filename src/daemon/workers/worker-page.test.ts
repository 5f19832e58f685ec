import assert from "node:assert/strict";
import { ftruncateSync } from "node:fs";
import { test } from "node:test";
import { mapSharedPage } from "../../base/shared-page.ts";
import { pulseWord } from "../../worker/protocol.ts";
import { WorkerPage } from "./worker-page.ts";

test("WorkerPage tells what the worker shows", () => {
  const page = new WorkerPage("test");
  const words = new Uint32Array(mapSharedPage(page.fd));
  assert.equal(page.beats, 0);
  assert.equal(page.running, undefined);
  const [a, b] = [page.numberOf("default/a"), page.numberOf("default/b")];
  assert.equal(page.numberOf("default/a"), a);
  assert.notEqual(a, b);
  words[pulseWord.beats] = 7;
  words[pulseWord.guest] = b;
  assert.equal(page.beats, 7);
  assert.equal(page.running, "default/b");
  words[pulseWord.guest] = 99;
  assert.equal(page.running, undefined);
  page.close();
  page.close();
  assert.equal(page.beats, 0);
});

test("WorkerPage is whole whatever its worker does", () => {
  const page = new WorkerPage("test");
  assert.throws(() => ftruncateSync(page.fd, 0), { code: "EPERM" });
  assert.equal(page.beats, 0);
  page.close();
});
