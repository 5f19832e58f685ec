// What ./warren starts. `run`, which is to be quick, has a file of its own (tools/build.ts); the modules of the other commands stay
// single files. WARREN_DEBUG is to show where errors come from: with files and lines that there are.
import { useCompileCache } from "./compile-cache.ts";

useCompileCache();
if (process.argv[2] === "run" && !process.env.WARREN_DEBUG) void import("./plain-run.ts");
else void import("./main.ts");
