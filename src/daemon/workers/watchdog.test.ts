import assert from "node:assert/strict";
import { test } from "node:test";
import { beatEveryMs } from "../../worker/protocol.ts";
import { hungAfterMs, silentAfterMs, Watchdog } from "./watchdog.ts";

class Worker {
  page = { beats: 0, running: undefined as string | undefined };
  killed = false;
  kill(): void {
    this.killed = true;
  }
}

function watch(...workers: Worker[]) {
  const told: string[] = [];
  const watchdog = new Watchdog<Worker>({
    workers: () => workers,
    onSilent: (worker, service) => told.push(`silent ${workers.indexOf(worker)} ${service}`),
    onHung: (worker, service) => told.push(`hung ${workers.indexOf(worker)} ${service}`),
  });
  const look = (ms: number) => {
    for (let at = 0; at < ms; at += beatEveryMs) watchdog.look();
  };
  return { told, look };
}

test("Watchdog tells of a worker that is silent, then ends it, and leaves the others", () => {
  const [stuck, well] = [new Worker(), new Worker()];
  const { told, look } = watch(stuck, well);
  stuck.page.beats = 7;
  look(beatEveryMs);
  stuck.page.running = "default/spin";
  const rounds = (ms: number) => {
    for (let at = 0; at < ms; at += beatEveryMs) {
      well.page.beats++;
      look(beatEveryMs);
    }
  };
  rounds(silentAfterMs - beatEveryMs);
  assert.deepEqual(told, []);
  rounds(beatEveryMs);
  assert.deepEqual(told, ["silent 0 default/spin"]);
  rounds(hungAfterMs - silentAfterMs - beatEveryMs);
  assert.equal(stuck.killed, false);
  rounds(beatEveryMs);
  assert.deepEqual(told, ["silent 0 default/spin", "hung 0 default/spin"]);
  assert.equal(stuck.killed, true);
  assert.equal(well.killed, false);
});

test("Watchdog forgives a worker that comes back", () => {
  const worker = new Worker();
  const { told, look } = watch(worker);
  for (let round = 0; round < 5; round++) {
    worker.page.beats++;
    look(hungAfterMs);
  }
  assert.equal(worker.killed, false);
  assert.equal(told.filter((line) => line.startsWith("silent")).length, 5);
});

test("Watchdog does not watch a worker that has not begun", () => {
  const worker = new Worker();
  const { told, look } = watch(worker);
  look(10 * hungAfterMs);
  assert.deepEqual(told, []);
});
