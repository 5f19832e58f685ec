// CPU time of a request to a handler, beside wasmtime serve, jco serve, workerd, node:http and nginx. Names of parts as arguments
// run these only: see README.md.
import { findComponents, type Part, parts } from "./handler/parts.ts";
import { report } from "./handler/report.ts";
import { startSystems } from "./handler/systems.ts";
import { findExecutable } from "./support/executable.ts";
import { Scope } from "./support/scope.ts";
import { measureInTurn } from "./support/system.ts";
import { wrkLoad } from "./support/wrk.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 2);

const wrk = findExecutable("wrk");
if (wrk === undefined) {
  console.log("skipped: wrk, which makes the load, is not installed (apt-get install wrk)");
  process.exit();
}
const load = wrkLoad(wrk);
const wanted = process.argv.slice(2);
const names = (wanted.length === 0 ? Object.keys(parts) : wanted) as (keyof typeof parts)[];
for (const name of names) if (!(name in parts)) throw new Error(`${name} is none of ${Object.keys(parts).join(", ")}`);

await using scope = new Scope();
const chosen: Part[] = names.map((name) => parts[name]);
const started = await startSystems(scope, await findComponents(chosen));
for (const part of chosen) {
  const systems = started.for(part);
  if (systems.length === 0) continue;
  const { connections } = part;
  await measureInTurn(load, systems, { rounds: 1, connections, seconds: 1 });
  report(part, await measureInTurn(load, systems, { rounds, connections, seconds }));
}
