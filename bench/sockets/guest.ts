// Runs a module with sockets as `warren run` does, for bench/sockets.ts: MODULE PORT ARGS…. Prints what the guest prints, with the
// CPU time of this process since the guest began.
import { readFileSync } from "node:fs";
import { parseOutboundGrant } from "../../src/base/outbound-grant.ts";
import { startInstance } from "../../src/engine/instance.ts";
import { compileProgram } from "../../src/engine/program.ts";
import { directOutbound } from "../../src/wasi/sockets/direct-outbound.ts";

const [file = "", port = "", ...args] = process.argv.slice(2);
const program = await compileProgram(readFileSync(file), { memoryMax: 2 ** 28, interruptible: false });
let printed = "";
const began = process.cpuUsage();
const instance = startInstance(program, {
  args: ["guest", ...args],
  outbound: directOutbound([parseOutboundGrant(`127.0.0.1:${port}`)]),
  stdout: (chunk) => {
    printed += Buffer.from(chunk).toString();
  },
});
const exit = await instance.exited;
const { user, system } = process.cpuUsage(began);
if (exit.kind !== "exit" || exit.code !== 0) throw new Error(JSON.stringify(exit));
console.log(`${printed.split(" ")[0]} ${(user + system) * 1000}`);
