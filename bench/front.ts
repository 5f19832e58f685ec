// CPU time of a request and requests a second of the front, beside its peers. Names of parts as arguments run these only: see
// README.md.
import { guests } from "./front/guests.ts";
import { overTls, proxies, websocket, withHttp2 } from "./front/proxies.ts";
import { findExecutable } from "./support/executable.ts";
import { wrkLoad } from "./support/wrk.ts";

const length = { rounds: Number(process.env.ROUNDS ?? 3), seconds: Number(process.env.SECONDS ?? 2) };

const wrk = findExecutable("wrk");
if (wrk === undefined) {
  console.log("skipped: wrk, which makes the load, is not installed (apt-get install wrk)");
  process.exit();
}
const load = wrkLoad(wrk);
const parts: Readonly<Record<string, () => Promise<void>>> = {
  proxies: () => proxies(load, length),
  guests: () => guests(load, length),
  http2: () => withHttp2(length),
  tls: () => overTls(load, length),
  websocket: () => websocket(length),
};
const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? ["proxies", "guests"] : wanted) await parts[name]!();
