import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WarrenClient } from "../../control/client.ts";
import type { HealthView, ServiceView } from "../../control/service.ts";
import { type Ended, warren as run } from "../command-process.suite.ts";
import { buildExample } from "../demo/build-example.ts";

// The commands against a daemon of their own, with the example that npm alone can build.

const folder = mkdtempSync(join(tmpdir(), "warren-cli-"));
const socket = join(folder, "warren.sock");
const host = `unix://${socket}`;
const examples = join(import.meta.dirname, "../../../examples");
let daemon: ChildProcess;
let health: HealthView;
let program = "";

const warren = (...args: string[]): Promise<Ended> => run(args, { WARREN_HOST: host });

before(async () => {
  program = (await buildExample(join(examples, "assemblyscript-cgi"))).program;
  const args = [
    "serve",
    "--state",
    join(folder, "state"),
    "--socket",
    socket,
    "--http",
    "127.0.0.1:0",
    "--workers",
    "1",
  ];
  // As a user starts it: the daemon starts its workers from dist/.
  daemon = spawn(join(import.meta.dirname, "../../../warren"), args, { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    daemon.stderr!.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('"msg":"listening"')) resolve();
    });
    daemon.once("exit", () => reject(new Error(`the daemon ended: ${output}`)));
  });
  health = await new WarrenClient(host).health();
});

after(async () => {
  if (daemon.exitCode === null) {
    const exited = once(daemon, "exit");
    daemon.kill("SIGTERM");
    assert.deepEqual(await exited, [0, null]);
  }
  rmSync(folder, { recursive: true, force: true });
});

function get(name: string): Promise<string> {
  const { port } = new URL(health.listeners[0]!);
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, headers: { host: name }, agent: false }, (answer) => {
      answer.setEncoding("utf8");
      let text = "";
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve(`${answer.statusCode} ${text}`));
    })
      .on("error", reject)
      .end();
  });
}

test("deploy, ls, show, logs, stop, start, restart and rm do what they say", async () => {
  const manifest = join(folder, "warren.toml");
  writeFileSync(manifest, `name = "hello"\nprogram = ${JSON.stringify(program)}\nkind = "cgi"\n`);

  assert.deepEqual(await warren("ls"), { code: 0, stdout: "", stderr: "no services yet; `warren deploy` makes one\n" });
  const deployed = await warren("deploy", folder);
  assert.deepEqual([deployed.code, deployed.stderr], [0, ""]);
  assert.match(deployed.stdout, /^hello revision 1 running.*\n {2}http:\/\/hello\.localhost:\d+\/?\n$/);
  assert.match(await get("hello.localhost"), /^200 Hello from AssemblyScript/);

  assert.match((await warren("deploy", "--name", "other", manifest)).stdout, /^other revision 1 running/);
  const list = await warren("ls");
  assert.match(
    list.stdout,
    /^NAME +STATE +ROUTES +AGE +RESTARTS +MEMORY +REQUESTS +CPU\nhello +running +http:.*\nother +running .*\n$/,
  );
  assert.equal((await warren("ls", "-q")).stdout, "hello\nother\n");
  const services = JSON.parse((await warren("ls", "--json")).stdout) as ServiceView[];
  assert.deepEqual(
    services.map(({ name, state }) => [name, state]),
    [
      ["hello", "running"],
      ["other", "running"],
    ],
  );

  const shown = await warren("show", "hello");
  assert.match(
    shown.stdout,
    /^name +hello\nnamespace +default\nstate +running\nkind +cgi\nrevision +1, deployed \d+s ago\nprogram +sha256:/,
  );
  assert.equal((JSON.parse((await warren("show", "--json", "hello")).stdout) as ServiceView).name, "hello");
  assert.equal((await warren("logs", "hello")).code, 0);

  assert.deepEqual(await warren("stop", "hello", "other"), { code: 0, stdout: "hello\nother\n", stderr: "" });
  assert.match((await warren("ls")).stdout, /\nhello +stopped/);
  assert.equal((await warren("start", "hello")).code, 0);
  assert.equal((await warren("restart", "hello")).code, 0);
  assert.match(await get("hello.localhost"), /^200 /);

  const refused = await warren("rm", "hello", "other");
  assert.deepEqual([refused.code, refused.stdout], [1, "other\n"]);
  assert.match(
    refused.stderr,
    /^warren: service "hello" is not removed, since it is running \(service\.running\)\nhint: .*--force hello`\n$/,
  );
  assert.deepEqual(await warren("rm", "--force", "hello"), { code: 0, stdout: "hello\n", stderr: "" });
  assert.equal((await warren("ls", "-q")).stdout, "");
});

test("a deploy that fails says why, and what the program wrote last", async () => {
  const { code, stdout, stderr } = await warren("deploy", "--name", "wrong", program);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^warren: .*\(deploy\.[a-z]+\)\n/);
  assert.match(stderr, /Hello from AssemblyScript/);
});

test("an unknown service is exit code 1 with its code", async () => {
  for (const args of [["show"], ["logs"], ["stop"], ["rm"]]) {
    const { code, stderr } = await warren(...args, "nobody");
    assert.equal(code, 1, args.join(" "));
    assert.match(stderr, /\(service\.unknown\)/, args.join(" "));
  }
});

test("doctor finds the daemon", async () => {
  const { stdout } = await warren("doctor", "--json");
  const findings = JSON.parse(stdout) as { check: string; state: string }[];
  for (const check of ["node", "ffi", "daemon", "version", "listeners", "workers", "state"]) {
    assert.equal(findings.find((finding) => finding.check === check)?.state, "ok", `${check}: ${stdout}`);
  }
});

test("a second daemon on the same state directory is refused", async () => {
  const { code, stderr } = await warren(
    "serve",
    "--state",
    join(folder, "state"),
    "--socket",
    join(folder, "second.sock"),
    "--http",
    "127.0.0.1:0",
  );
  assert.equal(code, 1);
  assert.match(stderr, /warren: .*\(state\.[a-z-]+\)/);
});
