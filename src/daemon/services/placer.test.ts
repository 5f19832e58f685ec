import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Placement } from "../../worker/protocol.ts";
import { Placer } from "./placer.ts";

/** Workers that note who was told what, and answer only when the test lets them. */
function pool(ids: readonly string[]) {
  const told: string[] = [];
  const answers = new Map<string, () => void>();
  const ready = ids.map((id) => ({
    id,
    order: (op: string) => {
      told.push(`${id} ${op}`);
      return new Promise<void>((resolve) => answers.set(id, resolve));
    },
  }));
  return {
    told,
    answers,
    placer: new Placer({ pool: { reachable: ready } } as unknown as ConstructorParameters<typeof Placer>[0]),
  };
}

const placement: Placement = {
  service: "default/a",
  revision: 1,
  kind: "server",
  state: "on",
  worker: "two",
  failing: false,
  routes: [],
};

test("publish() tells the worker that holds a service before those that send to it", async () => {
  const { told, answers, placer } = pool(["one", "two", "three"]);
  const published = placer.publish([placement]);
  await turn();
  assert.deepEqual(told, ["two place"]);
  answers.get("two")?.();
  await turn();
  assert.deepEqual(told, ["two place", "one place", "three place"]);
  answers.get("one")?.();
  answers.get("three")?.();
  await published;
});

test("publish() tells everyone at once when no worker holds the service", async () => {
  const { told, placer } = pool(["one", "two"]);
  void placer.publish([{ ...placement, worker: undefined }]);
  await turn();
  assert.deepEqual(told, ["one place", "two place"]);
});
