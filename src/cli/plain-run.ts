// A plain `warren run`, and all that it needs: tools/build.ts makes one file of it, since finding and linking a hundred modules
// would take longer than most programs run. What is not plain goes on to main.ts.
import { useCompileCache } from "./compile-cache.ts";
import { endProcess } from "./run/end-process.ts";
import { jsonFlag, readFlags, runFlags } from "./run/flags.ts";
import { runCommand } from "./run/run-command.ts";

const plain = readFlags(process.argv.slice(3), [...runFlags, jsonFlag]);

if (plain === undefined || plain.flags.grants !== undefined) {
  useCompileCache();
  void import("./main.ts");
} else {
  const { flags, words } = plain;
  const [program = "", ...rest] = words;
  runCommand({ program, args: rest, flags }).catch(async (error) => {
    const { reportError } = await import("./report.ts");
    endProcess(reportError(error, { json: flags.json ?? false }));
  });
}
