import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { WarrenError } from "../src/base/errors.ts";
import { requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

// The daemon logs each step of a deploy at level debug.
const steps = ["listeners", "start", "commit", "switch", "answer"];
/** After the order to deploy, milliseconds: a deploy takes some tens. */
const delays = [0, 5, 12, 30];

/** When to kill: on a step's line in the log, or after a time. Resolves then. */
type Moment = (daemon: TestDaemon, from: number) => Promise<unknown>;

const moments: [name: string, moment: Moment][] = [
  ...steps.map((step): [string, Moment] => [
    `at ${step}`,
    (daemon, from) => daemon.loggedWhere((record) => record.msg === "deploy" && record.step === step, from),
  ]),
  ...delays.map((ms): [string, Moment] => [`after ${ms} ms`, () => pause(ms)]),
];

interface Outcome {
  /** The daemon said that the deploy was done. */
  readonly answered: boolean;
  /** The revision that is current afterwards and the name that its guest answers with; undefined when there is no service. */
  readonly now: { readonly revision: number; readonly name: string } | undefined;
}

/** Deploys, kills the daemon meanwhile, starts the next one, and looks what there is. */
async function crash(daemon: TestDaemon, service: string, name: string, moment: Moment): Promise<Outcome> {
  const from = daemon.log.length;
  let answered = false;
  const deploying = daemon.deploy(service, "c-hello", { env: { NAME: name } }).then(
    () => {
      answered = true;
    },
    (error: unknown) => {
      // Broken off, not refused: nothing here is a reason to refuse.
      assert.ok(error instanceof WarrenError && /^daemon\./.test(error.code), String(error));
    },
  );
  await moment(daemon, from);
  await daemon.kill("SIGKILL");
  await deploying;
  const restarted = daemon.log.length;
  await daemon.launch();
  await daemon.logged("took over from an earlier daemon", restarted);

  const known = (await daemon.client.listServices("default")).find((one) => one.name === service);
  if (known === undefined) {
    assert.equal((await ask(daemon.port, `${service}.localhost`)).status, 404);
    return { answered, now: undefined };
  }
  // On connections of their own, so that either worker may take them: all have to agree.
  const texts = await Promise.all(Array.from({ length: 6 }, () => ask(daemon.port, `${service}.localhost`)));
  const names = new Set(
    texts.map(({ status, text }) => (/^hello from (.*): visit/.exec(text) ?? [])[1] ?? `${status} ${text}`),
  );
  assert.equal(names.size, 1, `a mix: ${[...names].join(", ")}`);
  return { answered, now: { revision: known.revision, name: [...names][0] as string } };
}

test("kill -9 of the daemon at any moment of a redeploy leaves the old or the new revision", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { logLevel: "debug" });
  await daemon.deploy("app", "c-hello", { env: { NAME: "r1" } });
  let revision = 1;
  const news: string[] = [];
  for (const [when, moment] of moments) {
    const { answered, now } = await crash(daemon, "app", `r${revision + 1}`, moment);
    const context = `${when}: ${JSON.stringify({ answered, now, before: revision })}`;
    assert.ok(now !== undefined, context);
    // The guest that answers is the one of the revision that the daemon tells.
    assert.equal(now.name, `r${now.revision}`, context);
    assert.ok(now.revision === revision + 1 || (now.revision === revision && !answered), context);
    if (now.revision > revision) news.push(when);
    revision = now.revision;
  }
  t.diagnostic(`the new one: ${news.join(", ")}`);
  assert.ok(news.includes("at switch") && news.includes("at answer"), "what was committed is there");
});

test("kill -9 of the daemon at any moment of a first deploy leaves the service or nothing", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const daemon = await TestDaemon.start(t, { workers: 1, logLevel: "debug" });
  await daemon.deploy("bystander", "c-hello");
  const there: string[] = [];
  for (const [i, [when, moment]] of moments.entries()) {
    const { answered, now } = await crash(daemon, `app-${i}`, "first", moment);
    if (now === undefined) assert.ok(!answered, `${when}: it was answered and is gone`);
    else assert.deepEqual(now, { revision: 1, name: "first" }, when);
    if (now !== undefined) there.push(when);
    assert.equal((await ask(daemon.port, "bystander.localhost")).status, 200);
    // Whatever was left behind is in nobody's way.
    await daemon.deploy(`app-${i}`, "c-hello", { env: { NAME: "again" } });
    assert.match((await ask(daemon.port, `app-${i}.localhost`)).text, /^hello from again: /);
  }
  t.diagnostic(`there: ${there.join(", ")}`);
  assert.ok(there.includes("at switch") && there.includes("at answer"), "what was committed is there");
});
