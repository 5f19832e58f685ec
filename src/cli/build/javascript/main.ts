// A process of its own, since componentize-js changes its directory and takes some hundred megabytes: ENTRY OUTPUT JCO
import { writeFileSync } from "node:fs";
import { bundle } from "./bundle.ts";
import { componentize } from "./componentize.ts";

const [entry, output, jco] = process.argv.slice(2) as [string, string, string];
try {
  writeFileSync(output, await componentize(await bundle(entry, jco), jco));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
