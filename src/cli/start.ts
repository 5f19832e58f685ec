// What ./warren starts. `run`, which is to be quick, has a file of its own (tools/build.ts); the modules of the other commands stay
// single files. WARREN_DEBUG is to show where errors come from: with files and lines that there are.
import { join } from "node:path";
import { runCachedScript } from "./cached-script.ts";
import { useCompileCache } from "./compile-cache.ts";

/** Of that file; not there in the sources. */
declare const plainRunDigest: string | undefined;

if (process.argv[2] === "run" && !process.env.WARREN_DEBUG) {
  if (typeof plainRunDigest === "undefined") void import("./plain-run.ts");
  else runCachedScript({ path: join(import.meta.dirname, "plain-run.cjs"), digest: plainRunDigest });
} else {
  useCompileCache();
  void import("./main.ts");
}
