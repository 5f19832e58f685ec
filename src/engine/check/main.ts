import { writeSync } from "node:fs";
import { checkProgram } from "./check-program.ts";
import { limitProcess } from "./limit-process.ts";
import type { CheckArguments } from "./protocol.ts";

// Started by the daemon for one program: it must end within its limits, whatever the program is.
const args = JSON.parse(process.argv[2] as string) as CheckArguments;
limitProcess(args);
// What V8 compiles in the background holds nothing that keeps Node from ending.
setInterval(() => {}, 2 ** 30);
const result = await checkProgram(args);
writeSync(1, `${JSON.stringify(result)}\n`);
process.exit(0);
