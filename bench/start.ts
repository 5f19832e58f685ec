// From `deploy` to the first answer, for programs that the daemon has never seen and for those it has; and what starting the
// command itself takes. See README.md.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../src/base/digest.ts";
import { findToolchain, languageNames } from "../src/cli/demo/toolchain.ts";
import { buildGuest, type GuestName, guests } from "../test/guests/build.ts";
import { TestDaemon } from "../test/support/daemon.ts";
import { ask } from "../test/support/http.ts";
import { commandMs } from "./support/command-time.ts";
import { findExecutable } from "./support/executable.ts";
import { printTable, ratios, spread, spreadText } from "./support/figures.ts";
import { Scope } from "./support/scope.ts";
import { target } from "./support/targets.ts";
import { uniqueProgram } from "./support/unique-program.ts";

const rounds = Number(process.env.ROUNDS ?? 7);
const commandRounds = 3 * rounds;
const warren = join(import.meta.dirname, "../warren");
const answerWithinMs = 10_000;

await using scope = new Scope();
const daemon = await TestDaemon.start(scope);
const env = { ...process.env, WARREN_HOST: `unix://${daemon.socket}` };

const programs: { readonly name: GuestName; readonly kind: "server" | "cgi" }[] = [
  { name: "go-http", kind: "server" },
  { name: "c-http", kind: "server" },
  { name: "rust-http", kind: "server" },
  { name: "assemblyscript-cgi", kind: "cgi" },
];

const rows: string[][] = [];
for (const { name, kind } of programs) {
  const toolchain = await findToolchain(guests[name]);
  if (!toolchain.available) {
    console.log(`skipped: ${name}: ${languageNames[guests[name]]}: ${toolchain.reason}`);
    continue;
  }
  const program = readFileSync(await buildGuest(name));
  const times: Record<"cold" | "warm" | "commandCold" | "commandWarm", number[]> = {
    cold: [],
    warm: [],
    commandCold: [],
    commandWarm: [],
  };
  for (let round = 0; round < rounds; round++) {
    const fresh = uniqueProgram(program);
    times.cold.push(await throughApi(name, kind, fresh));
    times.warm.push(await throughApi(name, kind, fresh));
    const folder = join(daemon.state, "bench");
    const file = writeDeployment(folder, name, kind, uniqueProgram(program));
    times.commandCold.push(await throughCommand(name, file));
    times.commandWarm.push(await throughCommand(name, file));
  }
  const size = `${(program.length / 2 ** 20).toFixed(2)} MiB`;
  rows.push([name, size, ...Object.values(times).map((values) => spreadText(spread(values), 0))]);
  if (name === "go-http") {
    target("deploy to first answer of the Go server, by the API", spread(times.cold).median, 1000, " ms");
    target("deploy to first answer of the Go server, by the command", spread(times.commandCold).median, 1000, " ms");
  }
}
console.log(`\nDeploy to first answer, ms, ${rounds} rounds\n`);
printTable(["program", "size", "API, new", "API, known", "`warren deploy`, new", "`warren deploy`, known"], rows);

await commands();

/** Uploads unless known, deploys, and asks until the new revision's service answers. */
async function throughApi(name: string, kind: "server" | "cgi", program: Uint8Array): Promise<number> {
  await forget(name);
  const digest = digestOf(program);
  const began = performance.now();
  await daemon.client.uploadProgram("default", program, digest);
  await daemon.client.putService("default", { name, program: digest, kind });
  await answered(name);
  return performance.now() - began;
}

async function throughCommand(name: string, folder: string): Promise<number> {
  await forget(name);
  const began = performance.now();
  commandMs(warren, ["deploy", folder], env);
  await answered(name);
  return performance.now() - began;
}

/** Without an older revision, which would answer before the new one does. */
async function forget(name: string): Promise<void> {
  const services = await daemon.client.listServices("default");
  if (services.some((service) => service.name === name)) await daemon.client.deleteService("default", name);
}

async function answered(name: string): Promise<void> {
  const until = performance.now() + answerWithinMs;
  for (;;) {
    const { status } = await ask(daemon.port, `${name}.localhost`);
    if (status === 200) return;
    if (performance.now() > until) throw new Error(`${name} answers with ${status}`);
  }
}

function writeDeployment(folder: string, name: string, kind: "server" | "cgi", program: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "program.wasm"), program);
  writeFileSync(join(folder, "warren.toml"), `name = "${name}"\nprogram = "program.wasm"\nkind = "${kind}"\n`);
  return folder;
}

/** Start to exit of commands, beside the least that Node can do. */
async function commands(): Promise<void> {
  if (!(await findToolchain("c")).available) {
    console.log("skipped: `warren run`: no C compiler for its program");
    return;
  }
  const hello = await buildGuest("c-command");
  const wasmtime = findExecutable("wasmtime");
  if (wasmtime === undefined) console.log("skipped: `wasmtime run`: wasmtime is not installed");
  const lines: (readonly [string, string, readonly string[]])[] = [
    ["`node -e 0`", process.execPath, ["-e", "0"]],
    ["`warren --version`", warren, ["--version"]],
    ["`warren run` of a small C program", warren, ["run", hello]],
    ["`warren ls`", warren, ["ls"]],
    ...(wasmtime === undefined ? [] : [["`wasmtime run` of it", wasmtime, ["run", hello]] as const]),
  ];
  const times = lines.map(() => [] as number[]);
  for (let round = -1; round < commandRounds; round++) {
    for (const [index, [, command, args]] of lines.entries()) {
      const took = commandMs(command, args, env);
      // The first fills caches.
      if (round >= 0) times[index]!.push(took);
    }
  }
  const base = times[0]!;
  console.log(`\nStart to exit, ms, ${commandRounds} rounds\n`);
  printTable(
    ["command", "ms", "× `node -e 0`"],
    lines.map(([name], index) => [name, spreadText(spread(times[index]!), 1), spreadText(ratios(times[index]!, base))]),
  );
  console.log();
  const over = spread(times[1]!.map((value, round) => value - base[round]!)).median;
  target("`warren --version` over `node -e 0`", over, 20, " ms");
}
