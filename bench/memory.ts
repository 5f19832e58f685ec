// Memory of the daemon and its workers: idle, and with 1, 100 and 1,000 services. See README.md.
import { setTimeout as pause } from "node:timers/promises";
import { findToolchain } from "../src/cli/demo/toolchain.ts";
import type { GuestName } from "../test/guests/build.ts";
import { TestDaemon } from "../test/support/daemon.ts";
import { ask } from "../test/support/http.ts";
import { kibibytes, mebibytes, printTable } from "./support/figures.ts";
import { type Memory, memoryOf } from "./support/memory.ts";
import { Scope } from "./support/scope.ts";
import { target } from "./support/targets.ts";

/** Deploys at a time. */
const concurrency = 8;
/** V8 gives memory back some time after it was used. */
const settleMs = 5000;

const rows: string[][] = [];

await series("a C server", "c-hello", [1, 100, 1000]);
await series("a Go server", "go-http", [1, 20]);

console.log("\nThe daemon and two workers together\n");
printTable(["services", "PSS", "RSS", "PSS of a service", "RSS of a service", "of that its own memory"], rows);

/** One daemon that gets more and more services of one program. */
async function series(what: string, guest: GuestName, counts: readonly number[]): Promise<void> {
  const language = guest === "go-http" ? "go" : "c";
  const toolchain = await findToolchain(language);
  if (!toolchain.available) {
    console.log(`skipped: ${what}: ${toolchain.reason}`);
    return;
  }
  await using scope = new Scope();
  const daemon = await TestDaemon.start(scope);
  const idle = await settled(daemon);
  if (rows.length === 0) {
    rows.push(["none", mebibytes(idle.pss), mebibytes(idle.rss), "", "", ""]);
    target("the idle daemon and two workers, PSS", idle.pss / 2 ** 20, 130, " MiB");
  }
  let deployed = 0;
  for (const count of counts) {
    const deploys = async (): Promise<void> => {
      while (deployed < count) {
        const name = `service-${deployed++}`;
        await daemon.deploy(name, guest);
        const { status } = await ask(daemon.port, `${name}.localhost`);
        if (status !== 200) throw new Error(`${name} answers with ${status}`);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, deploys));
    const memory = await settled(daemon);
    const services = await daemon.client.listServices("default");
    const own = services.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    const share = (used: number, idleUsed: number): string => kibibytes((used - idleUsed) / count);
    rows.push([
      `${count} × ${what}`,
      mebibytes(memory.pss),
      mebibytes(memory.rss),
      share(memory.pss, idle.pss),
      share(memory.rss, idle.rss),
      kibibytes(own / count),
    ]);
    console.error(`  ${count} × ${guest}`);
  }
}

async function settled(daemon: TestDaemon): Promise<Memory> {
  await pause(settleMs);
  return memoryOf([daemon.pid, ...daemon.workerPids()]);
}
