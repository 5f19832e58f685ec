// What ./warren starts. tools/build.ts makes one file of it and of all that a plain `run` needs: finding and linking a hundred
// modules would take longer than most programs run. Everything else is the work of main.ts, whose modules stay single files.
import { endProcess } from "./run/end-process.ts";
import { jsonFlag, readFlags, runFlags } from "./run/flags.ts";
import { runCommand } from "./run/run-command.ts";

const [command, ...args] = process.argv.slice(2);
const plain = command === "run" ? readFlags(args, [...runFlags, jsonFlag]) : undefined;

// WARREN_DEBUG is to show where errors come from: with files and lines that there are.
if (plain === undefined || plain.flags.grants !== undefined || process.env.WARREN_DEBUG) {
  void import("./main.ts");
} else {
  const { flags, words } = plain;
  const [program = "", ...rest] = words;
  runCommand({ program, args: rest, flags }).catch(async (error) => {
    const { reportError } = await import("./report.ts");
    endProcess(reportError(error, { json: flags.json ?? false }));
  });
}
