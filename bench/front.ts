// CPU time of a request and requests a second of the front, beside its peers. Names of parts as arguments run these only:
// `proxies` and `guests`. See README.md.
import { guests } from "./front/guests.ts";
import { proxies } from "./front/proxies.ts";
import { findExecutable } from "./support/executable.ts";

const length = { rounds: Number(process.env.ROUNDS ?? 3), seconds: Number(process.env.SECONDS ?? 2) };
const parts = { proxies, guests };

const wrk = findExecutable("wrk");
if (wrk === undefined) {
  console.log("skipped: wrk, which makes the load, is not installed (apt-get install wrk)");
  process.exit();
}
const wanted = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length === 0 || wanted.includes(name)) await part(wrk, length);
}
