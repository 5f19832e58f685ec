import { readFileSync, writeSync } from "node:fs";
import { checkProgram } from "../engine/check/check-program.ts";
import { limitProcess } from "../engine/check/limit-process.ts";
import type { CheckArguments, CheckOrder } from "../engine/check/protocol.ts";
import type { WallArguments } from "./protocol.ts";
import { completeWall } from "./wall/complete.ts";

// Started by the launcher for one program: it must end within its limits, whatever the program is.
const args = JSON.parse(process.argv[2] as string) as CheckArguments & WallArguments;
completeWall(args);
limitProcess(args);
// What V8 compiles in the background holds nothing that keeps Node from ending.
setInterval(() => {}, 2 ** 30);
// The daemon starts a check before it knows all of it, and may come to want none.
const order = readFileSync(0, "utf8");
if (order === "") process.exit(0);
const result = await checkProgram(args, JSON.parse(order) as CheckOrder);
writeSync(1, `${JSON.stringify(result)}\n`);
process.exit(0);
